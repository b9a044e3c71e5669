INSERT INTO rollup_pending (minute, device_keys)
SELECT p.minute, string_to_array(p.device_keys, ',')::integer[]
FROM unnest(%(minutes)s::timestamptz[], %(device_keys)s::text[]) AS p (minute, device_keys)
