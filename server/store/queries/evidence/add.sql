INSERT INTO evidence (id, box, epoch, device, event, site, place, exercise, taken_at, device_at, time_source,
                      received_at, expires_at, width_px, height_px, people_blurred, method, jpeg_bytes, sha256, jpeg)
VALUES (%(id)s, %(box)s, %(epoch)s, %(device)s, %(event)s, %(site)s, %(place)s, %(exercise)s, %(taken_at)s,
        %(device_at)s, %(time_source)s, %(received_at)s, %(expires_at)s, %(width_px)s, %(height_px)s,
        %(people_blurred)s, %(method)s, %(jpeg_bytes)s, %(sha256)s, %(jpeg)s)
ON CONFLICT (id) DO NOTHING
