-- A box is made known, or one that was only seen is confirmed. One of another site stays as it is: no row comes back.
INSERT INTO boxes (box, site, registered) VALUES (%(box)s, %(site)s, true)
ON CONFLICT (box) DO UPDATE SET registered = true WHERE boxes.site = excluded.site
RETURNING box
