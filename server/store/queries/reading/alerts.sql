-- Alerts in scope, the newest first; a page begins after the keys of the last row of the page before.
WITH page AS MATERIALIZED (
    SELECT a.*, w.id AS item, w.number AS item_number, w.state AS item_state, w.owner AS item_owner,
           w.outcome AS item_outcome, w.grid, coalesce(w.evidence, 0) AS evidence
    FROM alerts a
    LEFT JOIN work_items w ON w.alert = a.id
    WHERE (%(number)s::bigint IS NULL OR a.number = %(number)s::bigint)
      AND (%(id)s::uuid IS NULL OR a.id = %(id)s::uuid)
      AND (%(exercise)s::text IS NULL OR a.exercise = %(exercise)s::text)
      AND (%(hazard)s::text IS NULL OR a.hazard = %(hazard)s::text)
      AND (%(at)s::text IS NULL OR a.place IN (SELECT below.id FROM places_below(%(at)s::text) below))
      AND (%(closed)s::boolean OR a.closed_at IS NULL)
      AND (%(text)s::text IS NULL
           OR strpos(lower(concat_ws(' ', a.number, w.number, a.site, a.place, a.device, a.rule)), lower(%(text)s::text)) > 0
           OR a.place IN (SELECT n.id FROM places n
                          WHERE strpos(lower(concat_ws(' ', n.name_zh, n.name_en)), lower(%(text)s::text)) > 0)
           OR a.site IN (SELECT n.id FROM places n
                         WHERE strpos(lower(concat_ws(' ', n.name_zh, n.name_en)), lower(%(text)s::text)) > 0))
      AND (%(scope_all)s::boolean OR a.place IN (
            SELECT s.id FROM places_in_scope(
                %(scope_all)s::boolean, %(scope_places)s::text[], %(scope_companies)s::text[]) s))
      AND (%(after_number)s::bigint IS NULL
           OR (a.raised_at, a.number) < (%(after_raised_at)s::timestamptz, %(after_number)s::bigint))
    ORDER BY a.raised_at DESC, a.number DESC
    LIMIT %(limit)s
)
SELECT a.id::text, a.number, a.site, a.exercise, a.hazard, a.severity, a.certainty, a.place, a.rule, a.pack_hash,
       k.name AS pack, a.device, a.first_item, a.happened_at, a.raised_at, a.last_at, a.condition_ended_at, a.late_ms,
       a.count, a.quiet, a.quiet_by, a.closed_at, a.item::text, a.item_number, a.item_state, a.item_owner,
       o.name AS owner_name, a.item_outcome, a.grid, g.name_zh AS grid_zh, g.name_en AS grid_en, a.evidence, p.path,
       p.location
FROM page a
JOIN rule_packs k ON k.hash = a.pack_hash
LEFT JOIN places g ON g.id = a.grid
LEFT JOIN people o ON o.login = a.item_owner
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', up.id, 'level', up.level, 'name_zh', up.name_zh, 'name_en', up.name_en)
                     ORDER BY up.distance DESC) AS path,
           (array_agg(z.location ORDER BY up.distance) FILTER (WHERE z.location IS NOT NULL))[1] AS location
    FROM places_above(a.place) up
    JOIN places z ON z.id = up.id
) p
ORDER BY a.raised_at DESC, a.number DESC
