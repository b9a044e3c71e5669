-- How many pictures these items can show; returns the items whose number changed.
UPDATE work_items w SET evidence = n.kept
FROM (
    SELECT i.id, (
        SELECT count(*) FROM evidence_alerts l JOIN evidence e ON e.id = l.evidence
        WHERE l.alert = i.alert AND e.jpeg IS NOT NULL
    ) AS kept
    FROM work_items i WHERE i.id = ANY (%(items)s::uuid[])
) n
WHERE w.id = n.id AND w.evidence <> n.kept
RETURNING w.id::text
