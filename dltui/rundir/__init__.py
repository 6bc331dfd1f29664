"""A run's directory: paths, lock, metadata, journal, logs, starting its engine, and sessions that follow it."""
