-- One try of an account or address at a time is counted; in sorted order, so that two never wait for each other.
SELECT pg_advisory_xact_lock(hashtextextended(wanted.key, 7215034122))
FROM (SELECT DISTINCT k.key FROM unnest(%(keys)s::text[]) AS k (key) ORDER BY k.key) AS wanted
