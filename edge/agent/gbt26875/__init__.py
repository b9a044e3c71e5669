"""GB/T 26875.3-2011, the protocol between a fire transmission device and its monitoring centre. Pure."""
