"""Places: the tree from city to grid and into the compounds, its files, its checks, and the port to its store."""
