-- Of these places and companies, those that are not there.
SELECT 'place' AS kind, wanted.id FROM unnest(%(places)s::text[]) AS wanted (id)
WHERE NOT EXISTS (SELECT FROM places p WHERE p.id = wanted.id)
UNION ALL
SELECT 'company', wanted.id FROM unnest(%(companies)s::text[]) AS wanted (id)
WHERE NOT EXISTS (SELECT FROM companies c WHERE c.id = wanted.id)
