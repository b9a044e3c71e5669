UPDATE engine_state
SET pack_hash = %(pack)s, state = %(state)s, hot = coalesce(string_to_array(nullif(%(hot)s, ''), E'\n'), '{}'),
    wake_at = %(wake_at)s, steps = steps + 1, updated_at = %(at)s
WHERE site = %(site)s AND exercise = %(exercise)s
