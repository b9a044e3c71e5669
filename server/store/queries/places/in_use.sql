-- What hangs on each place itself.
SELECT place, sum(boxes)::integer, sum(devices)::integer, sum(items)::integer
FROM (
    SELECT site AS place, 1 AS boxes, 0 AS devices, 0 AS items FROM boxes
    UNION ALL
    SELECT place, 0, 1, 0 FROM devices WHERE place IS NOT NULL
    UNION ALL
    SELECT place, 0, 0, 1 FROM work_items WHERE closed_at IS NULL
) AS used
GROUP BY place
