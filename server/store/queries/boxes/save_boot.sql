INSERT INTO box_boots (box, boot, offset_ms, synced)
VALUES (%(box)s, %(boot)s, %(offset_ms)s, %(synced)s)
ON CONFLICT (box, boot) DO UPDATE
SET offset_ms = excluded.offset_ms, synced = excluded.synced, seen_at = now()
WHERE NOT box_boots.synced OR excluded.synced
