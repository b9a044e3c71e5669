-- NO KEY: a device seen for the first time refers to this row, and an alarm that brings it must not wait for this lock.
SELECT site, online, epoch, epoch_since, state_digest FROM boxes WHERE box = %(box)s FOR NO KEY UPDATE
