"""The panes of the main screen, a file each."""
