"""What the operator, or a walkthrough, asked for and got."""

from __future__ import annotations

from typing import Any, ClassVar

from dltui.core.events.envelope import Payload


class OpCommand(Payload, frozen=True, kw_only=True):
    """A command arrived: who sent it from where (`key`, `cli`, `demo`), and its CLI twin."""

    KIND: ClassVar[str] = "op.command"
    id: str
    name: str
    args: dict[str, Any]
    source: str
    cli: str


class OpResult(Payload, frozen=True, kw_only=True):
    """What became of a command."""

    KIND: ClassVar[str] = "op.result"
    id: str
    ok: bool
    message: str


class DemoStep(Payload, frozen=True, kw_only=True):
    """A beat of a walkthrough began."""

    KIND: ClassVar[str] = "demo.step"
    n: int
    of: int
    title: str
    text: str
