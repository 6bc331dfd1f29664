"""Data sets: finding, reading, preparing and dividing them among clients."""
