-- Only what is missing asks for a key: a conflict would use one up, too, and there are 32,767. The last ones are kept
-- back, so that a box that makes names up cannot keep everybody's readings from being stored.
INSERT INTO metrics (name)
SELECT w.name
FROM unnest(%(names)s::text[]) AS w (name)
WHERE NOT EXISTS (SELECT FROM metrics AS m WHERE m.name = w.name)
    AND (SELECT coalesce(max(metric_key), 0) FROM metrics) < 30000
ORDER BY w.name COLLATE "C"
ON CONFLICT DO NOTHING
