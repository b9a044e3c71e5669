SELECT p.id::text FROM people p
WHERE p.disabled_at IS NULL AND EXISTS (SELECT FROM grants g WHERE g.person = p.id AND g.role = 'admin')
ORDER BY p.id
