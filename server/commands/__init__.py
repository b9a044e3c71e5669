"""The groups of commands that `server/cli.py` hangs under `redwhistle`, and the words they print."""
