"""A database and a broker that come as wheels: what `redwhistle demo` runs on. Not for production."""
