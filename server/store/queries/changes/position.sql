-- Where this transaction's snapshot stands: all that is not in it was done by transaction `position` or a later one. And
-- which database answers: another server, a restored one and one that was promoted count their transactions anew.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS position,
       (SELECT c.system_identifier FROM pg_control_system() c)::text || '.' || d.oid::text || '.'
           || left(pg_walfile_name(pg_current_wal_lsn()), 8) AS database
FROM pg_database d
WHERE d.datname = current_database()
