-- Every item that is not closed.
-- The company is the one of the place's compound, which need not be the box's own.
SELECT w.number, w.changed_xid::text::bigint AS changed,
       (SELECT z.company FROM places_above(w.place) up JOIN places z ON z.id = up.id
        WHERE up.level = 'compound' LIMIT 1) AS company
FROM work_items w
WHERE w.closed_at IS NULL
