INSERT INTO silences (id, site, exercise, matchers, starts_at, ends_at, author, comment, second_person, approved_at,
    ended_by, ended_at, made_at)
VALUES (%(id)s, %(site)s, %(exercise)s, %(matchers)s::jsonb, %(starts_at)s, %(ends_at)s, %(author)s, %(comment)s,
    %(second_person)s, CASE WHEN %(second_person)s::text IS NOT NULL THEN %(at)s::timestamptz END,
    %(ended_by)s, CASE WHEN %(ended_by)s::text IS NOT NULL THEN %(at)s::timestamptz END, %(at)s)
ON CONFLICT (id) DO UPDATE SET
    starts_at = excluded.starts_at, ends_at = excluded.ends_at,
    approved_at = CASE WHEN silences.second_person IS NULL THEN excluded.approved_at ELSE silences.approved_at END,
    second_person = excluded.second_person, ended_by = excluded.ended_by, ended_at = excluded.ended_at
