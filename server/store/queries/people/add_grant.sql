INSERT INTO grants (person, role, place, company, granted_by, at)
VALUES (%(person)s, %(role)s, %(place)s, %(company)s, %(by)s, %(at)s)
ON CONFLICT DO NOTHING
