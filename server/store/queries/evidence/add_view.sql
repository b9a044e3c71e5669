INSERT INTO evidence_views (evidence, at, person, door, address, item)
VALUES (%(id)s::uuid, %(at)s, %(person)s, %(door)s, %(address)s, %(item)s::uuid)
