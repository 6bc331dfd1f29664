"""Models by name or of the user's own, their tensors and sizes."""
