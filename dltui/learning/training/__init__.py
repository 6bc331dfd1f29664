"""Local training, its optimizers, evaluation and forecast."""
