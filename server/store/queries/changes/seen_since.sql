-- When boxes were last heard, for those that were heard since.
SELECT box, last_seen_at FROM boxes WHERE last_seen_at >= %(since)s
