SELECT at, actor, act, from_state, to_state, level, reason, version, data
FROM work_item_history
WHERE item = %(item)s::uuid
ORDER BY id
