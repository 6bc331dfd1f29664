"""The state of a run: the fold of its events."""
