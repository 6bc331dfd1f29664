"""What every face shares, pure: events, the state that they fold to, rows, pages, commands and sentences."""
