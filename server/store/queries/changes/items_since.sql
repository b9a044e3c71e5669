-- Items changed since a position, without those that were read in this state before.
SELECT w.number, w.changed_xid::text::bigint AS changed, p.company
FROM work_items w
LEFT JOIN places p ON p.id = w.site
WHERE w.changed_xid >= %(since)s::text::xid8 AND w.changed_xid < pg_snapshot_xmax(pg_current_snapshot())
  AND NOT EXISTS (
      SELECT FROM unnest(%(known)s::bigint[], %(known_changed)s::text[]) AS k (number, changed)
      WHERE k.number = w.number AND k.changed::xid8 = w.changed_xid)
