-- Boxes whose visible state changed since a position (0: all), without those that were read in this state before.
WITH changed AS (
    SELECT b.box, b.site, b.online, b.offline_reason AS reason, b.clock_synced, b.last_seen_at, b.changed_xid
    FROM boxes b
    WHERE b.changed_xid >= %(since)s::text::xid8
      AND (b.changed_xid < pg_snapshot_xmax(pg_current_snapshot()) OR %(since)s::bigint = 0)
      AND NOT EXISTS (
          SELECT FROM unnest(%(known)s::text[], %(known_changed)s::text[]) AS k (box, changed)
          WHERE k.box = b.box AND k.changed::xid8 = b.changed_xid)
), sites AS (
    SELECT s.site, p.company, ARRAY(SELECT up.id FROM places_above(s.site) up) AS path
    FROM (SELECT DISTINCT c.site FROM changed c) s
    LEFT JOIN places p ON p.id = s.site
)
SELECT c.box, c.site, c.online, c.reason, c.clock_synced, c.last_seen_at, c.changed_xid::text::bigint AS changed, s.path,
       s.company
FROM changed c
JOIN sites s ON s.site = c.site
