"""Sensor sources, one file a family; each is an `edge.agent.ports.Source`."""
