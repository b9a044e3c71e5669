SELECT at, happened_at, decision, item, device, severity, certainty, quiet, quiet_by, why
FROM alert_log
WHERE alert = %(alert)s::uuid
ORDER BY id
LIMIT %(limit)s
