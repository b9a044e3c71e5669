-- The newest first. A line is visible where somebody has a grant: to whom covers its place, or a compound of its company.
WITH covered AS MATERIALIZED (
    SELECT s.id FROM places_in_scope(%(scope_all)s, %(scope_places)s::text[], %(scope_companies)s::text[]) s
    WHERE NOT %(scope_all)s
), visible AS MATERIALIZED (
    SELECT g.person FROM grants g JOIN covered c ON c.id = g.place
    UNION
    SELECT g.person FROM grants g
    WHERE g.company IN (SELECT p.company FROM places p JOIN covered c ON c.id = p.id WHERE p.level = 'compound')
)
SELECT a.id, a.at, a.actor, a.act, a.person::text, p.login, p.name, a.about, a.detail, a.address
FROM audit_log a
LEFT JOIN people p ON p.id = a.person
WHERE (%(scope_all)s OR a.person IN (SELECT v.person FROM visible v))
  AND (%(before)s::bigint IS NULL OR a.id < %(before)s::bigint)
  AND (%(person)s::uuid IS NULL OR a.person = %(person)s::uuid)
  AND (%(acts)s::text[] IS NULL OR a.act = ANY (%(acts)s::text[]))
  AND (%(since)s::timestamptz IS NULL OR a.at >= %(since)s::timestamptz)
  AND (%(until)s::timestamptz IS NULL OR a.at < %(until)s::timestamptz)
ORDER BY a.id DESC
LIMIT %(limit)s
