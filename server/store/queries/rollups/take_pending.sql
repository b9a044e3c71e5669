-- Minutes that ended a while ago (or got late readings), with every device that has something new in them.
WITH taken AS (
    DELETE FROM rollup_pending AS p
    USING (
        SELECT ctid FROM rollup_pending
        WHERE minute < %(before)s
        ORDER BY minute
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE p.ctid = due.ctid
    RETURNING p.minute, p.device_keys
)
SELECT minute, array_agg(DISTINCT device_key) FROM taken, unnest(device_keys) AS device_key
GROUP BY minute
ORDER BY minute
