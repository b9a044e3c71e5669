-- Every item that is not closed.
SELECT w.number, w.changed_xid::text::bigint AS changed, p.company
FROM work_items w
LEFT JOIN places p ON p.id = w.site
WHERE w.closed_at IS NULL
