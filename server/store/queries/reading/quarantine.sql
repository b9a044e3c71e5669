SELECT id, at, topic, box, epoch, lane, seq, code, detail, length(payload) AS bytes, sha256, settled_at, settled_how
FROM quarantine
WHERE (%(id)s::bigint IS NULL OR id = %(id)s::bigint)
  AND (%(box)s::text IS NULL OR box = %(box)s::text)
  AND (%(all)s::boolean OR settled_at IS NULL)
ORDER BY id DESC
LIMIT %(limit)s
