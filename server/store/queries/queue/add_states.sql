-- Sites that never took a step get a row; sites that are no places get none. Sorted: two processes never cross.
INSERT INTO engine_state (site, exercise, pack_hash, state)
SELECT k.site, k.exercise, %(pack)s, ''
FROM unnest(%(sites)s::text[], %(exercises)s::text[]) AS k (site, exercise)
JOIN places p ON p.id = k.site
ORDER BY k.site COLLATE "C", k.exercise COLLATE "C"
ON CONFLICT DO NOTHING
