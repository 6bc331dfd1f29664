"""What the operator, or a walkthrough, asked for and got."""

from __future__ import annotations

from typing import Any, ClassVar

from dltui.core.envelope import Payload
from dltui.core.state.entities import Step
from dltui.core.state.state import State

__all__ = ["DemoStep", "OpCommand", "OpResult"]


class OpCommand(Payload, frozen=True, kw_only=True):
    """A command arrived: who sent it from where (`key`, `cli`, `demo`), and its CLI twin."""

    KIND: ClassVar[str] = "op.command"
    id: str
    name: str
    args: dict[str, Any]
    source: str
    cli: str

    def sentence(self) -> str:
        """Name the command and its CLI twin."""
        return f"{self.source}: {self.name}" + (f"  {self.cli}" if self.cli else "")


class OpResult(Payload, frozen=True, kw_only=True):
    """What became of a command."""

    KIND: ClassVar[str] = "op.result"
    id: str
    ok: bool
    message: str

    def sentence(self) -> str:
        """Say whether it was done, and the answer."""
        return ("done: " if self.ok else "refused: ") + self.message

    def level(self) -> str:
        """Say whether it was done."""
        return "good" if self.ok else "error"


class DemoStep(Payload, frozen=True, kw_only=True):
    """A beat of a walkthrough began."""

    KIND: ClassVar[str] = "demo.step"
    n: int
    of: int
    title: str
    text: str

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Go on to this beat."""
        state.demo = Step(self.n, self.of, self.title, self.text)
        return ("run",)

    def sentence(self) -> str:
        """Name the beat."""
        return f"{self.n}/{self.of} {self.title}"
