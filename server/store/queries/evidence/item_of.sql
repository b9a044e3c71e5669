-- The work item of this evidence in which somebody says to have opened it: as asked for, else the only one.
SELECT w.id::text
FROM evidence_alerts l
JOIN work_items w ON w.alert = l.alert
WHERE l.evidence = %(id)s::uuid AND (%(item)s::uuid IS NULL OR w.id = %(item)s::uuid)
ORDER BY w.number DESC
LIMIT 1
