"""How good and how fast models are: over labelled pictures, and against the clock."""
