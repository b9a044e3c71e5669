"""Log-in through an OpenID Connect provider: authorization code with PKCE, state and nonce, and an ID token that is checked.

    provider = OidcProvider(OidcSettings(…))
    address, cookie = provider.start(now)              send the browser there; keep the cookie for ten minutes
    identity = provider.finish(query, cookie, now)     raises OidcFailed(code); then people.log_in.by_oidc(identity, …)

| file | what |
|---|---|
| `provider.py` | the two steps, and what they keep of the provider |
| `pending.py` | what a log-in under way remembers, sealed into a cookie |
| `metadata.py` | the provider's own description, checked |
| `id_token.py` | whether what the provider vouches with holds |
| `fetching.py` | requests to the provider: bounded in time and size, over TLS |
"""
