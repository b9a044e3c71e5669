UPDATE boxes AS b
SET last_seen_at = %(now)s, clock_synced = n.synced, clock_offset_ms = n.offset_ms, boot = n.boot
FROM unnest(%(boxes)s::text[], %(boots)s::text[], %(synced)s::boolean[], %(offsets)s::bigint[])
    AS n (box, boot, synced, offset_ms)
WHERE b.box = n.box
