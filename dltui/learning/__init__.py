"""Learning with torch: data, models and local training, deterministic from the seed."""
