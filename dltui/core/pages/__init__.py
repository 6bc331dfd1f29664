"""A page about one thing: facts by label, and tables whose rows lead to other things."""
