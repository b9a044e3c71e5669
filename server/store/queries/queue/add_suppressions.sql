INSERT INTO suppressions (at, happened_at, site, exercise, item, device, reason, rule, detail)
SELECT at, happened_at, site, exercise, item, device, reason, rule, detail
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    at timestamptz, happened_at timestamptz, site text, exercise text, item text, device text, reason text, rule text,
    detail text)
