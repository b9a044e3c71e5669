UPDATE engine_state s
SET pack_hash = %(pack)s, state = k.state, hot = coalesce(string_to_array(nullif(k.hot, ''), E'\n'), '{}'), wake_at = k.wake_at,
    steps = s.steps + 1, updated_at = %(at)s
FROM unnest(%(sites)s::text[], %(exercises)s::text[], %(states)s::text[], %(hots)s::text[], %(wakes)s::timestamptz[])
    AS k (site, exercise, state, hot, wake_at)
WHERE s.site = k.site AND s.exercise = k.exercise
