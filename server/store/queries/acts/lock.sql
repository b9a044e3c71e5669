-- One at a time for a key, until the transaction ends.
SELECT pg_advisory_xact_lock(%(lock)s::bigint)
