"""Lines, tables, sheets and logs that know nothing of runs."""
