SELECT device, kind, model, label, place, heartbeat_s, announced, first_seen_at
FROM devices
WHERE box = %(box)s
ORDER BY device
