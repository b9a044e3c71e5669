"""`redwhistle demo`: the whole system on one machine, from real input to a worker's queue, in real processes."""
