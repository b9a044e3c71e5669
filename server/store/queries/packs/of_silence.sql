SELECT p.hash, p.name, p.source
FROM silences AS q
JOIN engine_state AS s ON (s.site, s.exercise) = (q.site, q.exercise)
JOIN rule_packs AS p ON p.hash = s.pack_hash
WHERE q.id = %(id)s
