-- What the same devices said around an alert that raised nothing.
SELECT at, happened_at, item, device, reason, rule, detail
FROM suppressions
WHERE site = %(site)s AND exercise = %(exercise)s AND device = ANY(%(devices)s::text[])
  AND at BETWEEN %(from)s AND %(until)s
ORDER BY at, id
LIMIT %(limit)s
