SELECT h.at, h.actor, a.name AS actor_name, h.act, h.from_state, h.to_state, h.level, h.reason, h.version, h.data,
       l.name AS lost_to_name
FROM work_item_history h
LEFT JOIN people a ON a.login = h.actor
LEFT JOIN people l ON l.login = h.data->>'lost_to'
WHERE h.item = %(item)s::uuid
ORDER BY h.id
