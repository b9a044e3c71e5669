-- Sent when the transaction commits. Ids and names are short by contract: far below the limit of 8,000 bytes.
SELECT pg_notify('rw_queue', jsonb_build_object(
    'item', w.id, 'number', w.number, 'alert', w.alert, 'grid', w.grid, 'site', w.site, 'place', w.place,
    'exercise', w.exercise, 'hazard', w.hazard, 'severity', w.severity, 'certainty', w.certainty, 'state', w.state,
    'quiet', w.quiet, 'owner', w.owner, 'count', w.count, 'version', w.version)::text)
FROM work_items w
WHERE w.id = ANY(%(items)s::uuid[])
