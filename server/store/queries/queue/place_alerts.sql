-- Where alerts at these places are stored and queued. A place that nobody knows counts as its site; a site outside every
-- grid queues at itself: an alarm is never refused for want of a place.
SELECT k.place AS asked, k.site, coalesce(p.id, k.site) AS place, coalesce(g.id, k.site) AS grid
FROM unnest(%(places)s::text[], %(sites)s::text[]) AS k (place, site)
LEFT JOIN places p ON p.id = k.place
LEFT JOIN LATERAL (
    SELECT above.id FROM places_above(coalesce(p.id, k.site)) above WHERE above.level = 'grid' LIMIT 1
) g ON true
