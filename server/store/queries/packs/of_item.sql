SELECT p.hash, p.name, p.source
FROM work_items AS w
JOIN engine_state AS s ON (s.site, s.exercise) = (w.site, w.exercise)
JOIN rule_packs AS p ON p.hash = s.pack_hash
WHERE w.id = %(id)s::uuid OR w.number = %(number)s::bigint
