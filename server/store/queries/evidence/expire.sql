-- Removes pictures whose time is over, by the time given to them or by what is set now, whichever is shorter.
UPDATE evidence e SET jpeg = NULL, removed_at = %(now)s, removed_why = 'expired'
WHERE e.id IN (
    SELECT o.id FROM evidence o
    WHERE o.jpeg IS NOT NULL AND (o.expires_at <= %(now)s OR o.received_at <= %(before)s)
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
RETURNING e.id::text
