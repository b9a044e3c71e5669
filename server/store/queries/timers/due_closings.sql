-- Undo windows that are over. Not locked here: closing locks the site's state first, then looks again.
SELECT id::text
FROM work_items
WHERE closes_at <= %(now)s OR closes_at > %(beyond)s
ORDER BY closes_at
LIMIT %(limit)s
