INSERT INTO devices (box, device, announced, kind, model, label, place, heartbeat_s)
SELECT %(box)s, %(device)s, true, %(kind)s, %(model)s, %(label)s,
    (SELECT id FROM places WHERE id = %(place)s), %(heartbeat_s)s
ON CONFLICT ON CONSTRAINT devices_once DO UPDATE
SET announced = true, kind = excluded.kind, model = excluded.model, label = excluded.label,
    place = excluded.place, heartbeat_s = excluded.heartbeat_s
