SELECT d.box, d.device, d.device_key, d.announced, d.kind, d.model, d.label, coalesce(d.place, b.site), d.heartbeat_s, b.site
FROM devices AS d
JOIN boxes AS b USING (box)
WHERE d.box = ANY (%(boxes)s)
