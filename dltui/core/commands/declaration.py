"""What one declaration of a command says: its arguments, its words, its keys, its transaction, and what it would do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dltui.core.commands.arguments import Args

if TYPE_CHECKING:
    from dltui.core.state.state import State


@dataclass(frozen=True)
class Selection:
    """The things that a key acts on, by their ids, and why a key of this screen may send nothing."""

    client: str | None = None
    version: int | None = None
    round: int | None = None
    tx: str | None = None
    event: int | None = None
    read_only: bool = False
    past: str = ""
    """The earlier moment that is shown, in words: nothing is sent from it."""
    finished: bool = False


class Unavailable(Exception):
    """A key can do nothing now; the text says why."""


@dataclass(frozen=True)
class Request:
    """A command that is ready to be sent, pinned to the ids it was made for, and what it will do, for people."""

    name: str
    args: dict[str, Any]
    title: str
    does: tuple[str, ...]
    """The contract call, if it makes one, then the effects."""
    button: str
    typed: str = ""
    """What has to be typed to confirm, if a slip would be costly."""
    onchain: bool = False
    """It sends transactions, so it is asked about with its gas."""


@dataclass(frozen=True)
class Shortcut:
    """An action of the screen that sends a command; `id` is its name in `config.toml [keys]`, `key` what ships.

    `request` makes the command for a selection, or raises Unavailable. `subject`: it acts on the thing under the
    cursor. `footer`: its hint is in the footer of the main screen; `page`: its hint is on pages, when it is possible.
    `dangerous`: it asks in red. `confirm`: it asks first although it sends no transaction.
    """

    id: str
    key: str
    label: str
    help: str
    request: Callable[[State, Selection], Request]
    subject: bool = False
    footer: bool = False
    page: bool = False
    dangerous: bool = False
    confirm: bool = False


@dataclass(frozen=True)
class Declaration:
    """One command: all that the screen, the command line and the engine are made from.

    `help` is what `dltui WORDS --help` says. `transaction` is the contract function that it calls; its gas is booked
    under that name. `checks` is the kind of thing that it compares with the chain. A `query` only asks: no event
    tells of it, and its answer is a document (`core.answers`).
    """

    name: str
    args: type[Args]
    help: str
    words: str
    """The words of the command line after `dltui`; empty if there is no such command."""
    transaction: str
    checks: str
    query: bool
    shortcuts: tuple[Shortcut, ...]

    def request(
        self, args: dict[str, Any], title: str, *effects: str, button: str, on: str | None = None, typed: str = ""
    ) -> Request:
        """Return a request of this command; `on` is the argument of its contract call, None if it makes none."""
        call = () if on is None else (f"{self.transaction}({on})",)
        return Request(self.name, args, title, (*call, *effects), button, typed, onchain=on is not None)


COMMANDS: dict[str, Declaration] = {}
"""Every command by name."""


def declare(
    name: str,
    args: type[Args],
    *shortcuts: Shortcut,
    help: str = "",
    words: str | None = None,
    transaction: str = "",
    checks: str = "",
    query: bool = False,
) -> Declaration:
    """Add a command. Without `words`, those of the command line are the name's parts. Raises ValueError for a twin."""
    if name in COMMANDS:
        raise ValueError(f"{name} is declared twice")
    words = name.replace(".", " ") if words is None else words
    COMMANDS[name] = Declaration(name, args, help, words, transaction, checks, query, shortcuts)
    return COMMANDS[name]
