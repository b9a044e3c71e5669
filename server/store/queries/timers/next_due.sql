SELECT least(
    (SELECT min(wake_at) FROM engine_state WHERE wake_at IS NOT NULL),
    (SELECT min(lease_until) FROM work_items WHERE lease_until IS NOT NULL AND state IN ('claimed', 'on_scene')),
    (SELECT min(closes_at) FROM work_items WHERE closes_at IS NOT NULL))
