WITH changed AS (
    UPDATE people
    SET on_duty = %(on_duty)s, on_duty_since = CASE WHEN %(on_duty)s THEN %(at)s::timestamptz END
    WHERE id = %(id)s
    RETURNING id
)
INSERT INTO duty_log (person, on_duty, at, by)
SELECT changed.id, %(on_duty)s, %(at)s, %(by)s FROM changed
