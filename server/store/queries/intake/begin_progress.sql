INSERT INTO box_progress (box, epoch, lane)
SELECT w.box, w.epoch, w.lane
FROM unnest(%(boxes)s::text[], %(epochs)s::text[], %(lanes)s::text[]) AS w (box, epoch, lane)
ORDER BY 1, 2, 3
ON CONFLICT DO NOTHING
