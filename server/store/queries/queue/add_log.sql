INSERT INTO alert_log (alert, at, happened_at, decision, item, device, severity, certainty, quiet, quiet_by, why)
SELECT alert, at, happened_at, decision, item, device, severity, certainty, quiet, quiet_by, why
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    alert uuid, at timestamptz, happened_at timestamptz, decision text, item text, device text, severity smallint,
    certainty text, quiet text, quiet_by text, why jsonb)
