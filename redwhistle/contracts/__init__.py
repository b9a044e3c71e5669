"""The wire contract between a box and the server, version 1: models, topics and the one codec."""
