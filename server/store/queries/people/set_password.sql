UPDATE people
SET password_hash = %(hash)s, must_change_password = %(must_change)s, password_changed_at = %(at)s
WHERE id = %(id)s
