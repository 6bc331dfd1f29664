"""A run's screen in a browser of this machine, through textual-serve: behind a token, read-only unless asked."""
