"""What a process that is forked for the engine can be: each role with the type of its spec and what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from dltui.client import process
from dltui.client.spec import ClientSpec
from dltui.engine import evaluator
from dltui.engine.evaluator import EvaluatorSpec


@dataclass(frozen=True)
class Role:
    """The type of a spec, and the function that serves until it is told to end: spec, telemetry pipe → exit code."""

    spec: type[msgspec.Struct]
    run: Callable[[Any, int], int]


ROLES = {"client": Role(ClientSpec, process.run), "evaluator": Role(EvaluatorSpec, evaluator.run)}
"""Every role by its name. The fork server imports this before it forks, so that all children share the memory."""


def carry_out(role: str, spec: dict[str, Any], telemetry: int) -> int:
    """Be a process of that role and return its exit code. Raises KeyError or msgspec.ValidationError."""
    found = ROLES[role]
    return found.run(msgspec.convert(spec, found.spec), telemetry)
