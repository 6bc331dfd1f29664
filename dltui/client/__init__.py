"""A client process: trains, reports, recomputes and attests with its own key and its own data."""
