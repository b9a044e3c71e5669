"""Items on disk between a source and the server's acknowledgement: `sqlite.SqliteOutbox` is the adapter."""
