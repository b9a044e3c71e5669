-- Ties these rows to every alert whose log names their event; returns the evidence that found one. Alerts in order, and
-- before work items, as everybody locks them.
WITH found AS (
    INSERT INTO evidence_alerts (evidence, alert)
    SELECT DISTINCT e.id, l.alert
    FROM evidence e
    JOIN alert_log l ON l.item = e.event::text
    JOIN alerts a ON a.id = l.alert AND (a.site, a.exercise) = (e.site, e.exercise)
    WHERE e.id = ANY (%(ids)s::uuid[])
    ORDER BY l.alert
    ON CONFLICT DO NOTHING
    RETURNING evidence
)
UPDATE evidence e SET tied = true
WHERE e.id IN (SELECT f.evidence FROM found f)
RETURNING e.id
