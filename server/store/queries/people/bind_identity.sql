-- Only an account that cannot be entered otherwise: a provider's user must not take over somebody by choosing a name.
UPDATE people SET oidc_issuer = %(issuer)s, oidc_subject = %(subject)s
WHERE login = %(login)s AND password_hash IS NULL AND oidc_issuer IS NULL AND disabled_at IS NULL
RETURNING id::text
