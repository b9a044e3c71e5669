-- The work items that show these rows, locked in order.
SELECT w.id::text FROM work_items w
WHERE w.alert IN (SELECT l.alert FROM evidence_alerts l WHERE l.evidence = ANY (%(ids)s::uuid[]))
ORDER BY w.id
FOR UPDATE
