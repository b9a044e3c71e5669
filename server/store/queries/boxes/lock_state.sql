SELECT site, online, epoch, epoch_since, state_digest FROM boxes WHERE box = %(box)s FOR UPDATE
