SELECT id::text AS person, login, password_hash, disabled_at IS NOT NULL AS disabled FROM people
WHERE oidc_issuer = %(issuer)s AND oidc_subject = %(subject)s
