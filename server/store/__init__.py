"""The adapters to PostgreSQL: SQL stays in .sql files, driver errors stop here."""
