"""Alerts and the queue: pure rules, engine and queue, and the runner that carries decisions out."""
