SELECT id, site, exercise, matchers, starts_at, ends_at, author, comment, second_person, approved_at, ended_by, ended_at,
       made_at
FROM silences
WHERE (%(all)s::boolean OR ends_at > %(now)s)
  AND (%(site)s::text IS NULL OR site = %(site)s::text)
ORDER BY ends_at, id
LIMIT %(limit)s
