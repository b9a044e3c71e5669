"""The HTTP doors: routes under /api/v1, health, metrics and the console's files. Knows no store: `ports.py` says what it needs."""
