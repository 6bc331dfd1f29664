"""The command line: one module a group of commands; each imports what it needs when it is called."""

from __future__ import annotations

import gc

# What is loaded stays: a collector that looks at it all again and again costs a sixth of the time to the first picture.
gc.set_threshold(100_000, 20, 20)
