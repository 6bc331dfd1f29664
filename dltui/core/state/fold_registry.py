"""How one kind of event changes the state: the table of folds and the error for a step that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from dltui.core.events import Payload

if TYPE_CHECKING:
    from dltui.core.state.state import State

Fold = Callable[["State", Any, str], tuple[str, ...]]
"""Takes the state, the event's data and its time; returns the names of what changed."""

F = TypeVar("F", bound=Callable[..., tuple[str, ...]])

FOLDS: dict[type[Payload], Fold] = {}


class IllegalStep(Exception):
    """The event cannot follow what came before; the text says why, for people."""


def fold(kind: type[Payload]) -> Callable[[F], F]:
    """Enters a function into the table as the fold of `kind`."""

    def enter(function: F) -> F:
        FOLDS[kind] = function
        return function

    return enter


def require(condition: bool, text: str) -> None:
    """Raises IllegalStep with `text` unless the condition holds."""
    if not condition:
        raise IllegalStep(text)
