"""The terminal screen, in Textual."""
