"""The process that keeps the time: wake-ups of the engine, claims that run out, undo windows, recurring jobs."""
