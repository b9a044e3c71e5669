-- Seconds until no window is full any more; null if none is. A window is full while its n-th newest try is inside it.
SELECT max(extract(epoch FROM nth.at - %(now)s::timestamptz) + w.seconds)::float8
FROM unnest(%(keys)s::text[], %(tries)s::integer[], %(seconds)s::float8[]) AS w (key, tries, seconds)
CROSS JOIN LATERAL (
    SELECT a.at FROM login_attempts a
    WHERE a.key = w.key AND a.at > %(now)s::timestamptz - make_interval(secs => w.seconds)
    ORDER BY a.at DESC OFFSET w.tries - 1 LIMIT 1
) AS nth
