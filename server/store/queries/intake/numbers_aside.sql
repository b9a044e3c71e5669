SELECT DISTINCT seq FROM quarantine
WHERE box = %(box)s AND epoch = %(epoch)s AND lane = %(lane)s AND seq = ANY (%(seqs)s::bigint[])
