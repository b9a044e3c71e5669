"""Lines of the machine's own GPIO chips: a small port, the real chip by libgpiod, and a double."""
