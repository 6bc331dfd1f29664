"""The panes of the main screen, one a file: rows from `core.views`, drawn by `widgets`."""
