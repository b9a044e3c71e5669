"""Real servers for tests and measurements: each a direct child on 127.0.0.1 that always stops."""
