SELECT p.hash, p.name, p.source
FROM engine_state AS s
JOIN rule_packs AS p ON p.hash = s.pack_hash
WHERE s.site = %(site)s AND s.exercise = %(exercise)s
