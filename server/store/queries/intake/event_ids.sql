SELECT seq, id FROM events WHERE progress_key = %(progress_key)s AND seq = ANY (%(seqs)s::bigint[])
