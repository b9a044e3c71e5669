-- An item's alert in short, with the facts of its last decision that says any.
SELECT a.id::text, a.number, a.rule, k.name AS pack, a.device, a.happened_at, a.raised_at, a.late_ms,
       a.condition_ended_at,
       coalesce((SELECT l.why FROM alert_log l
                 WHERE l.alert = a.id AND l.decision IN ('raise', 'upgrade')
                 ORDER BY l.id DESC LIMIT 1), '{}') AS why
FROM alerts a
JOIN rule_packs k ON k.hash = a.pack_hash
WHERE a.id = %(alert)s::uuid
