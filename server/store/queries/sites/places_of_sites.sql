-- Every place inside these compounds, with its path from the compound down and all tags on the way.
WITH RECURSIVE inside AS (
    SELECT id, id AS site, ARRAY[id] AS path, tags, time_zone
    FROM places
    WHERE level = 'compound' AND id = ANY (%(sites)s)
    UNION ALL
    SELECT p.id, i.site, i.path || p.id, i.tags || p.tags, i.time_zone
    FROM places AS p
    JOIN inside AS i ON p.parent = i.id
)
SELECT site, id, path, tags, time_zone FROM inside
