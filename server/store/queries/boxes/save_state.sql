UPDATE boxes
SET online = %(online)s, offline_reason = %(reason)s, epoch = %(epoch)s,
    epoch_since = CASE WHEN epoch IS NOT DISTINCT FROM %(epoch)s THEN epoch_since ELSE %(now)s END,
    twin_seen_at = CASE WHEN %(twin)s THEN %(now)s ELSE twin_seen_at END,
    boot = %(boot)s, version = %(version)s, os = coalesce(%(os)s, os), clock_synced = %(synced)s,
    clock_offset_ms = coalesce(%(offset_ms)s, clock_offset_ms), state_at = %(now)s, state_digest = %(digest)s,
    last_seen_at = CASE WHEN %(online)s THEN %(now)s ELSE last_seen_at END
WHERE box = %(box)s
