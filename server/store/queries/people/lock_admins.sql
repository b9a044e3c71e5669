-- Whoever could take the last administrator away goes one after the other. A lock of its own, and a statement of its own:
-- rows that were locked, but not changed, would not be looked at again after the wait.
SELECT pg_advisory_xact_lock(7215034123)
