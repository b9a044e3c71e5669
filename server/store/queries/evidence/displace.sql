-- Of one box only so many pictures are kept: the oldest go.
UPDATE evidence e SET jpeg = NULL, removed_at = %(now)s, removed_why = 'displaced'
WHERE e.id IN (
    SELECT o.id FROM evidence o
    WHERE o.box = %(box)s AND o.jpeg IS NOT NULL
    ORDER BY o.received_at DESC, o.id DESC
    OFFSET %(keep)s
)
RETURNING e.id::text
