"""Adapters to the box's sensors, one file a family. Each runs in a thread of its own and knows nothing of the others."""
