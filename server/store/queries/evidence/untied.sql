-- What came before its alert; of those that wait longer, no alert comes any more.
SELECT e.id::text FROM evidence e
WHERE NOT e.tied AND e.received_at > %(since)s
ORDER BY e.received_at
LIMIT %(limit)s
