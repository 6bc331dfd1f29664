"""What `verify` looked at, step by step, and what it all comes to: what was not checked is the headline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dltui import exits
from dltui.core.sanitize import clean
from dltui.errors import MismatchError

CHECKED, NOT_CHECKED, MISMATCH = "checked", "not checked", "mismatch"
EXIT_CODES = {"mismatch": exits.MISMATCH, "partly checked": exits.NOT_CHECKED, "verified": exits.OK}
"""Each outcome in the table of exit codes."""


@dataclass(frozen=True)
class Step:
    """A part of the run: its name, what was counted in it, or why it was not checked, or the difference."""

    name: str
    text: str
    status: str = CHECKED


def line(step: Step) -> str:
    """The step as it is printed."""
    said = step.text if step.status == CHECKED else f"{step.status.upper()}: {step.text}"
    return f"  {step.name:<12} {clean(said)}"


@dataclass
class CheckResult:
    """All steps of one run, in order; the last one may be its first mismatch."""

    run: str
    steps: list[Step] = field(default_factory=list)

    def add(self, step: Step) -> None:
        """Take in the next step."""
        self.steps.append(step)

    def fail(self, error: MismatchError) -> None:
        """Take in the first difference."""
        self.add(Step(error.where, error.message, MISMATCH))

    @property
    def outcome(self) -> str:
        """verified, partly checked, or mismatch."""
        found = {step.status for step in self.steps}
        return "mismatch" if MISMATCH in found else "partly checked" if NOT_CHECKED in found else "verified"

    @property
    def exit_code(self) -> int:
        """The outcome in the table of exit codes."""
        return EXIT_CODES[self.outcome]

    @property
    def headline(self) -> str:
        """The outcome in one line, with the name of each part that was not checked."""
        if self.outcome == "mismatch":
            return f"run {self.run}: MISMATCH"
        missing = [step.name for step in self.steps if step.status == NOT_CHECKED]
        if missing:
            return f"run {self.run}: NOT CHECKED: {', '.join(missing)}; no mismatch in the rest"
        return f"run {self.run}: verified, no mismatch"

    def document(self) -> dict[str, Any]:
        """The result as plain data."""
        steps = [{"name": step.name, "status": step.status, "text": step.text} for step in self.steps]
        return {
            "run": self.run,
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "headline": self.headline,
            "steps": steps,
        }
