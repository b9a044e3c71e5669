SELECT id, site, exercise, matchers, starts_at, ends_at, author, comment, second_person, ended_by
FROM silences
WHERE id = %(id)s
