INSERT INTO devices (box, device, kind)
SELECT w.box, w.device, CASE w.device WHEN 'box' THEN 'box' ELSE 'other' END
FROM unnest(%(boxes)s::text[], %(devices)s::text[]) AS w (box, device)
ORDER BY w.box COLLATE "C", w.device COLLATE "C"
ON CONFLICT DO NOTHING
