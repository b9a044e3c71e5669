"""The routes, one file a subject. Each names its gate (`server.api.gate`); a route without one stops the start."""
