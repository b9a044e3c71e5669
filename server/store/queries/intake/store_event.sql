INSERT INTO events (
    time, received_at, device_at, id, seq, progress_key, device_key, exercise_key, time_source,
    active, test, site, place, kind, data
) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
