-- What lies at a place and below it, as far as it is in scope (whoever sees a place sees all below it).
WITH below AS MATERIALIZED (SELECT b.id FROM places_below(%(place)s::text) b)
SELECT (SELECT count(*) FROM places z JOIN below b ON b.id = z.id WHERE z.level = 'grid') AS grids,
       (SELECT count(*) FROM places z JOIN below b ON b.id = z.id WHERE z.level = 'compound') AS compounds,
       (SELECT count(*) FROM boxes x JOIN below b ON b.id = x.site) AS boxes,
       (SELECT count(*) FROM boxes x JOIN below b ON b.id = x.site WHERE x.online) AS boxes_online,
       (SELECT count(*) FROM devices d JOIN boxes x ON x.box = d.box JOIN below b ON b.id = coalesce(d.place, x.site))
           AS devices,
       (SELECT count(*) FROM work_items w JOIN below b ON b.id = w.place
        WHERE w.closed_at IS NULL AND w.exercise = '') AS open_items
