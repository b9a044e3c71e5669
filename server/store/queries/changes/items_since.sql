-- Items changed since a position, without those that were read in this state before.
-- The company is the one of the place's compound, which need not be the box's own.
SELECT w.number, w.changed_xid::text::bigint AS changed,
       (SELECT z.company FROM places_above(w.place) up JOIN places z ON z.id = up.id
        WHERE up.level = 'compound' LIMIT 1) AS company
FROM work_items w
WHERE w.changed_xid >= %(since)s::text::xid8 AND w.changed_xid < pg_snapshot_xmax(pg_current_snapshot())
  AND NOT EXISTS (
      SELECT FROM unnest(%(known)s::bigint[], %(known_changed)s::text[]) AS k (number, changed)
      WHERE k.number = w.number AND k.changed::xid8 = w.changed_xid)
