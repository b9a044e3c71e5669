-- How many rows are stored of each device.
SELECT d.box, d.device,
       (SELECT count(*) FROM readings r WHERE r.device_key = d.device_key) AS readings,
       (SELECT count(*) FROM events e WHERE e.device_key = d.device_key) AS events
FROM devices d
ORDER BY d.box, d.device
