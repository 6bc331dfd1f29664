"""Commands: what an operator, a script or a walkthrough may ask of the engine. Each is declared once, in this folder.

Keys, palette, help, confirmation, `config.toml [keys]`, `docs/keys.md` and the command line are made from the
declarations; the engine has one handler for each.
"""

from __future__ import annotations

# Help and docs show the commands in this order.
# isort: off
from dltui.core.commands import decisions, clients, run, checks

# isort: on
from dltui.core.commands.declaration import (
    COMMANDS,
    Declaration,
    Request,
    Selection,
    Shortcut,
    Unavailable,
    declare,
)
from dltui.core.commands.wire import Command, cli_twin, decode, encode, new_command, validate

__all__ = [
    "COMMANDS",
    "Command",
    "Declaration",
    "Request",
    "Selection",
    "Shortcut",
    "Unavailable",
    "checks",
    "cli_twin",
    "clients",
    "decisions",
    "declare",
    "decode",
    "encode",
    "new_command",
    "run",
    "validate",
]
