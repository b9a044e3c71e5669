-- Where this transaction's snapshot stands: all that is not in it was done by transaction `position` or a later one. And
-- which database answers: another server, a restored one and one that was promoted count their transactions anew.
-- `tree`: which transaction changed the places last; a number of another server (a restored dump) says nothing.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS position,
       (SELECT c.system_identifier FROM pg_control_system() c)::text || '.' || d.oid::text || '.'
           || left(pg_walfile_name(pg_current_wal_lsn()), 8) AS database,
       coalesce((SELECT t.changed_xid::text::bigint FROM tree_changed t
                 WHERE t.changed_xid < pg_snapshot_xmax(pg_current_snapshot())), 0) AS tree
FROM pg_database d
WHERE d.datname = current_database()
