-- Two processes that start on an empty database at once go one after the other.
SELECT pg_advisory_xact_lock(7215034121)
