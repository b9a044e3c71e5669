-- The items that were closed last, the newest first. Numbers that this server has not given out yet come from another one
-- (a restored dump): those rows count as old.
SELECT w.number, w.changed_xid::text::bigint AS changed,
       (SELECT z.company FROM places_above(w.place) up JOIN places z ON z.id = up.id
        WHERE up.level = 'compound' LIMIT 1) AS company
FROM work_items w
WHERE w.closed_at IS NOT NULL AND w.changed_xid < pg_snapshot_xmax(pg_current_snapshot())
ORDER BY w.changed_xid DESC
LIMIT %(limit)s
