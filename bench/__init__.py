"""What RedWhistle costs and how fast it is, measured against real servers: `python -m bench --help`."""
