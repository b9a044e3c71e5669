SELECT box, boot, offset_ms, synced FROM box_boots WHERE box = ANY (%(boxes)s)
