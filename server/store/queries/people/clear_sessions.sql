-- What ran out long ago; the audit log keeps that there was a session.
DELETE FROM sessions WHERE expires_at < %(now)s::timestamptz - interval '30 days'
