UPDATE box_progress AS p
SET received = n.received::int8multirange,
    dropped = n.dropped::int8multirange,
    quarantined = p.quarantined + n.quarantined,
    duplicates = p.duplicates + n.duplicates,
    hole_since = CASE WHEN n.has_hole THEN coalesce(p.hole_since, %(now)s) END,
    last_at = %(now)s
FROM unnest(
    %(keys)s::integer[], %(received)s::text[], %(dropped)s::text[],
    %(quarantined)s::bigint[], %(duplicates)s::bigint[], %(has_hole)s::boolean[]
) AS n (progress_key, received, dropped, quarantined, duplicates, has_hole)
WHERE p.progress_key = n.progress_key
