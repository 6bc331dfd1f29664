"""Commands on their way to the engine: one JSON line each, validated at both ends, and the shell's twin of each."""

from __future__ import annotations

import secrets
import shlex
from typing import Annotated, Any, Literal

import msgspec
from msgspec import NODEFAULT, Meta

from dltui.core.commands.arguments import Args
from dltui.core.commands.declaration import COMMANDS
from dltui.core.safe_json import too_deep
from dltui.core.sanitize import clean
from dltui.errors import RunError

Source = Literal["key", "cli", "demo"]


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One request: `id` makes it idempotent, `actor` says who, `source` from where, `args` depends on `name`.

    `force` sends a transaction that the contract would refuse, which costs its gas.
    """

    id: Annotated[str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9_.:-]+$")]
    actor: Annotated[str, Meta(max_length=64)]
    source: Source
    name: str
    args: dict[str, Any]
    force: bool = False


def new_command(name: str, source: Source, *, actor: str = "operator", force: bool = False, **args: Any) -> Command:
    """Return a command with a fresh id, validated. Raises RunError as `validate` does."""
    command = Command(id=secrets.token_hex(8), actor=actor, source=source, name=name, args=args, force=force)
    validate(command)
    return command


def validate(command: Command) -> Args:
    """Return the command's arguments, typed. Raises RunError naming the command and the argument that is wrong."""
    declared = COMMANDS.get(command.name)
    if declared is None:
        raise RunError("unknown command", where=clean(command.name, 40), hint=", ".join(COMMANDS))
    try:
        args = msgspec.convert(command.args, declared.args)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        hint = "a transaction's hash is 0x and 64 hex digits" if "`$.hash`" in str(error) else ""
        raise RunError(f"wrong argument: {clean(str(error), 200)}", where=command.name, hint=hint) from None
    for key, value in command.args.items():
        if isinstance(value, str) and clean(value) != value:
            raise RunError(f"{key} has characters that are not text", where=command.name)
    return args


def cli_twin(command: Command, run: str = "") -> str:
    """Return the shell command that does the same; with `run` it names the run, else the newest is meant.

    Empty for commands that have no words on the command line, and for unknown ones.
    """
    declared = COMMANDS.get(command.name)
    if declared is None or not declared.words:
        return ""
    words = [*declared.words.split(), *_arguments(declared.args, command.args)]
    return shlex.join(["dltui", *words, *(["--force"] if command.force else []), *(["--run", run] if run else [])])


def _arguments(kind: type[Args], given: dict[str, Any]) -> list[str]:
    """The words for these arguments, as `Args` says."""
    words: list[str] = []
    for field in msgspec.structs.fields(kind):
        value = given.get(field.name, field.default)
        if field.default is NODEFAULT:
            words.append(str(value))
        elif value != field.default:
            words += [f"--{value}"] if isinstance(field.default, str) else [f"--{field.name}", str(value)]
    return words


def decode(line: bytes) -> Command:
    """Return a validated command from one JSON line of the control socket. Raises RunError."""
    if too_deep(line):
        raise RunError("not a command: nested too deeply", where="control socket")
    try:
        command = msgspec.json.decode(line, type=Command)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RunError(f"not a command: {clean(str(error), 200)}", where="control socket") from None
    validate(command)
    return command


def encode(command: Command) -> bytes:
    """Return the command as one JSON line, with its newline."""
    return msgspec.json.encode(command) + b"\n"
