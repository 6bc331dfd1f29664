"""Blocks and transactions already made, from a node or from the run's own log."""
