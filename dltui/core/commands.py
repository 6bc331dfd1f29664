"""Commands: what an operator, a script or a walkthrough may ask of the engine, and how it reads on the command line."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from dltui.core.safe_json import too_deep
from dltui.core.sanitize import clean
from dltui.errors import RunError

ClientId = Annotated[str, Meta(min_length=1, max_length=64)]
VersionNumber = Annotated[int, Meta(ge=0, le=2**32 - 1)]
RoundNumber = Annotated[int, Meta(ge=1, le=2**32 - 1)]
TxHash = Annotated[str, Meta(pattern="^0x[0-9a-f]{64}\\Z")]
Part = Annotated[int, Meta(ge=0, le=255)]
Step = Annotated[int, Meta(ge=1, le=1_000)]


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One request: `id` makes it idempotent, `actor` says who, `source` from where, `args` depends on `name`.

    `force` sends a transaction that the contract would refuse, which costs its gas.
    """

    id: Annotated[str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9_.:-]+$")]
    actor: Annotated[str, Meta(max_length=64)]
    source: Literal["key", "cli", "demo"]
    name: str
    args: dict[str, Any]
    force: bool = False


class Args(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the arguments."""


class NoArgs(Args, frozen=True, kw_only=True):
    """A command without arguments."""


class ClientArgs(Args, frozen=True, kw_only=True):
    """A command about one client, by its id."""

    client: ClientId


class RegisterArgs(Args, frozen=True, kw_only=True):
    """Accept the pending client of that id, or start a new one that calls itself so, with a free slice of the data."""

    client: ClientId
    part: Part | None = None
    """The slice of a new client; None takes the first that is free."""


class StopArgs(Args, frozen=True, kw_only=True):
    """Stop a client's process: `term` lets it end, `kill` does not."""

    client: ClientId
    signal: Literal["term", "kill"] = "term"


class VersionArgs(Args, frozen=True, kw_only=True):
    """A command about one version of the model."""

    version: VersionNumber


class RoundArgs(Args, frozen=True, kw_only=True):
    """A command about one round."""

    round: RoundNumber


class TxArgs(Args, frozen=True, kw_only=True):
    """A command about one transaction, by its hash."""

    hash: TxHash


class EstimateArgs(Args, frozen=True, kw_only=True):
    """What would another command cost: its name and arguments."""

    command: str
    args: dict[str, Any]


class StepArgs(Args, frozen=True, kw_only=True):
    """A beat of a walkthrough begins."""

    n: Step
    of: Step
    title: Annotated[str, Meta(max_length=200)]
    text: Annotated[str, Meta(max_length=2_000)]


class HoldArgs(Args, frozen=True, kw_only=True):
    """The run takes no step of its own for `seconds`, because its walkthrough is being read; 0 ends it."""

    seconds: Annotated[float, Meta(ge=0.0, le=60.0)]


class PresenceArgs(Args, frozen=True, kw_only=True):
    """A screen is open that can act: for `seconds` the run does not fail for want of clients."""

    seconds: Annotated[float, Meta(ge=0.0, le=9.0)]


COMMANDS: dict[str, type[Args]] = {
    "client.register": RegisterArgs,
    "client.approve": ClientArgs,
    "client.reject": ClientArgs,
    "client.suspend": ClientArgs,
    "client.reinstate": ClientArgs,
    "client.ban": ClientArgs,
    "client.complete-leave": ClientArgs,
    "client.stop": StopArgs,
    "client.restart": ClientArgs,
    "model.approve": VersionArgs,
    "model.reject": VersionArgs,
    "round.open": NoArgs,
    "run.pause": NoArgs,
    "run.resume": NoArgs,
    "run.stop": NoArgs,
    "run.hold": PresenceArgs,
    "demo.step": StepArgs,
    "demo.hold": HoldArgs,
    "registry.read": NoArgs,
    "client.verify": ClientArgs,
    "model.verify": VersionArgs,
    "round.verify": RoundArgs,
    "tx.verify": TxArgs,
    "tx.show": TxArgs,
    "estimate": EstimateArgs,
}
"""Every command by name, with the type of its arguments."""

QUERIES = frozenset({"tx.show", "estimate"})
"""Commands that only ask, for a face to show: no event tells of them, and the answer is a document (`core.answers`)."""

_TWINS: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "client.register": lambda a: ["client", "register", a["client"], *_option("--part", a.get("part"))],
    "client.stop": lambda a: ["client", "stop", a["client"], *(["--kill"] if a.get("signal") == "kill" else [])],
    "run.pause": lambda a: ["pause"],
    "run.resume": lambda a: ["resume"],
    "run.stop": lambda a: ["stop"],
    "run.hold": lambda a: [],
    "registry.read": lambda a: ["model", "list"],
    "demo.step": lambda a: [],
    "demo.hold": lambda a: [],
    "estimate": lambda a: [],
}


def new_command(
    name: str, source: Literal["key", "cli", "demo"], *, actor: str = "operator", force: bool = False, **args: Any
) -> Command:
    """Return a command with a fresh id, validated. Raises RunError as `validate` does."""
    command = Command(id=secrets.token_hex(8), actor=actor, source=source, name=name, args=args, force=force)
    validate(command)
    return command


def validate(command: Command) -> Args:
    """Return the command's arguments, typed. Raises RunError naming the command and the argument that is wrong."""
    kind = COMMANDS.get(command.name)
    if kind is None:
        raise RunError("unknown command", where=clean(command.name, 40), hint=", ".join(COMMANDS))
    try:
        args = msgspec.convert(command.args, kind)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        hint = "a transaction's hash is 0x and 64 hex digits" if "`$.hash`" in str(error) else ""
        raise RunError(f"wrong argument: {clean(str(error), 200)}", where=command.name, hint=hint) from None
    for key, value in command.args.items():
        if isinstance(value, str) and clean(value) != value:
            raise RunError(f"{key} has characters that are not text", where=command.name)
    return args


def cli_twin(command: Command, run: str = "") -> str:
    """Return the shell command that does the same; with `run` it names the run, else the newest is meant.

    Empty for commands that have no twin (`demo.step`, `demo.hold`, `run.hold`, `estimate`) and for unknown ones.
    """
    if command.name not in COMMANDS:
        return ""
    words = _TWINS.get(command.name, _plain(command.name))(command.args)
    if not words:
        return ""
    return shlex.join(["dltui", *words, *(["--force"] if command.force else []), *(["--run", run] if run else [])])


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


def _plain(name: str) -> Callable[[dict[str, Any]], list[str]]:
    return lambda args: [*name.split("."), *(str(value) for value in args.values())]


def _option(flag: str, value: Any) -> list[str]:
    return [] if value is None else [flag, str(value)]
