SELECT box, site FROM boxes WHERE box = ANY (%(boxes)s)
