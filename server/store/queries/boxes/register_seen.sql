INSERT INTO boxes (box, site)
SELECT w.box, w.site
FROM unnest(%(boxes)s::text[], %(sites)s::text[]) AS w (box, site)
JOIN places AS p ON p.id = w.site AND p.level = 'compound'
ORDER BY w.box COLLATE "C"
ON CONFLICT DO NOTHING
