-- The items that were closed last, the newest first. Numbers that this server has not given out yet come from another one
-- (a restored dump): those rows count as old.
SELECT w.number, w.changed_xid::text::bigint AS changed, p.company
FROM work_items w
LEFT JOIN places p ON p.id = w.site
WHERE w.closed_at IS NOT NULL AND w.changed_xid < pg_snapshot_xmax(pg_current_snapshot())
ORDER BY w.changed_xid DESC
LIMIT %(limit)s
