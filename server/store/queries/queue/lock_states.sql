SELECT s.site, s.exercise, s.state, s.steps, s.pack_hash
FROM engine_state s
JOIN unnest(%(sites)s::text[], %(exercises)s::text[]) AS k (site, exercise) USING (site, exercise)
ORDER BY s.site COLLATE "C", s.exercise COLLATE "C"
FOR UPDATE OF s
