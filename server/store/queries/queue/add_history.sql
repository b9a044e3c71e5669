INSERT INTO work_item_history (item, at, actor, act, from_state, to_state, level, reason, version, data)
SELECT item, at, actor, act, from_state, to_state, level, reason, version, data
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    item uuid, at timestamptz, actor text, act text, from_state text, to_state text, level text, reason text,
    version integer, data jsonb)
