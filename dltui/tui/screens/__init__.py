"""The main screen, pages, logs, plots and dialogs."""
