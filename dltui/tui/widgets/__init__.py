"""Widgets that draw lines: nothing here knows what a run is."""
