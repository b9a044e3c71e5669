SELECT p.box, p.epoch, p.lane, p.progress_key, p.received::text, p.dropped::text
FROM box_progress AS p
JOIN unnest(%(boxes)s::text[], %(epochs)s::text[], %(lanes)s::text[]) AS wanted (box, epoch, lane)
    ON (p.box, p.epoch, p.lane) = (wanted.box, wanted.epoch, wanted.lane)
ORDER BY p.box, p.epoch, p.lane
FOR UPDATE OF p
