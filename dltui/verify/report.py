"""What `verify` looked at: one line a step, with what was counted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """A part of the run that was checked and found equal: its name, and what was counted in it."""

    name: str
    text: str
