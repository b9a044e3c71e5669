SELECT s.site, s.exercise, s.hot
FROM engine_state AS s
JOIN unnest(%(sites)s::text[], %(exercises)s::text[]) AS w (site, exercise) USING (site, exercise)
WHERE s.hot <> '{}'
