"""A run without a screen: narration, JSON lines, summary and signals."""
