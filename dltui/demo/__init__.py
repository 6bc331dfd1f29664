"""Walkthroughs as data: their beats, what each expects, and the director that plays them."""
