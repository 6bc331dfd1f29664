"""The one table of process exit codes."""

from __future__ import annotations

OK = 0
"""The run, or the command, did what was asked."""
FAILED = 1
"""A run ended without reaching its goal, or a command was refused by the engine."""
USAGE = 2
"""Wrong flags or configuration; nothing was started."""
CHAIN = 3
"""The chain could not be started, reached or understood."""
MISMATCH = 4
"""`verify` found a difference; the first one is named."""
NOT_CHECKED = 5
"""`verify` found no difference, but could not check all of the run; what it did not check is named."""
INTERRUPTED = 130
"""Ended by SIGINT (ctrl+c)."""
TERMINATED = 143
"""Ended by SIGTERM."""
