"""How what was planned goes out: one adapter a carrier."""
