"""Walkthroughs as data: a federation, and beats that tell, wait, ask, and check what they told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from dltui.config import check
from dltui.config.sections import SECTIONS
from dltui.core.commands import COMMANDS, Command, validate
from dltui.core.sanitize import clean
from dltui.demo.expectations import Claim, read_claim
from dltui.demo.nearest import unknown_key
from dltui.errors import ConfigError, MismatchError, RunError
from dltui.files import read_regular
from dltui.resources import top

MAX_FILE_BYTES = 1 << 20
WAIT_SECONDS = 60.0
CHECK_SECONDS = 30.0
LEAST_READING = 5.0
WORDS_A_SECOND = 3.5

Seconds = Annotated[float, Meta(gt=0.0, le=86_400.0)]


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command that a beat issues."""

    name: str
    args: dict[str, Any] = {}


class Wait(msgspec.Struct, frozen=True):
    """What a beat waits for before it asks, and how many seconds at most."""

    claim: Claim
    seconds: float = WAIT_SECONDS


class Beat(msgspec.Struct, frozen=True):
    """One step: what to say, what to wait for, what to ask then, what must be so when it ends.

    It stays at least `hold` seconds; its claims have `within` seconds after the commands to come true. Where it is
    `still`, the run takes no step of its own before the next beat has been read.
    """

    title: str
    text: str
    wait: Wait | None
    commands: tuple[Ask, ...]
    expect: tuple[Claim, ...] = ()
    hold: float = 1.5
    within: float = CHECK_SECONDS
    still: bool = False

    @property
    def reading_seconds(self) -> float:
        """How long people take to read it."""
        return max(LEAST_READING, len(f"{self.title} {self.text}".split()) / WORDS_A_SECOND)


class Script(msgspec.Struct, frozen=True):
    """A walkthrough. `federation` holds configuration by section, as flags for `config.load`."""

    title: str
    text: str
    federation: dict[str, dict[str, Any]]
    beats: tuple[Beat, ...]


class _Beat(msgspec.Struct, forbid_unknown_fields=True):
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    text: Annotated[str, Meta(max_length=2_000)]
    wait: dict[str, Any] | None = None
    command: Ask | None = None
    commands: tuple[Ask, ...] = ()
    expect: tuple[dict[str, Any], ...] = ()
    hold: Annotated[float, Meta(ge=0.0, le=600.0)] = 1.5
    within: Seconds = CHECK_SECONDS
    still: bool = False


class _File(msgspec.Struct, forbid_unknown_fields=True):
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    beat: Annotated[tuple[_Beat, ...], Meta(min_length=1, max_length=500)]
    text: Annotated[str, Meta(max_length=2_000)] = ""
    federation: dict[str, dict[str, Any]] = {}


def load(name: str) -> Script:
    """Load the walkthrough of that name (`tour`), or in that file. Raises ConfigError naming what is wrong."""
    own = name.endswith(".toml")
    if not own and name not in available():
        raise unknown_key("walkthrough", name, available(), "demo")
    path = Path(name) if own else top("demos") / f"{name}.toml"
    try:
        return parse(read_regular(path.resolve(), MAX_FILE_BYTES), source=str(path))
    except MismatchError as error:
        raise ConfigError(error.message, where=str(path)) from error
    except OSError as error:
        hint = f"walkthroughs that ship with dltui: {', '.join(available())}"
        raise ConfigError(f"cannot be read ({error.strerror})", where=str(path), hint=hint) from error


def available() -> list[str]:
    """Return the names of the walkthroughs that ship with the program."""
    return sorted(path.stem for path in top("demos").glob("*.toml"))


def parse(data: bytes, source: str) -> Script:
    """Return a walkthrough from TOML bytes; `source` names them in errors. Raises ConfigError."""
    try:
        plain = msgspec.toml.decode(data.decode("utf-8"))
        _check_keys(plain, source)
        raw = msgspec.convert(plain, _File)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(clean(str(error), 300), where=source) from error
    check.check(raw.federation, SECTIONS, source=f"{source}: federation")
    beats = tuple(_beat(beat, f"{source}: beat {n}") for n, beat in enumerate(raw.beat, start=1))
    return Script(clean(raw.title), clean(raw.text), raw.federation, beats)


def _check_keys(plain: dict[str, Any], source: str) -> None:
    """Name the nearest key for one that is unknown; what else is wrong is found if values are converted."""
    _known(plain, _File, source)
    beats = plain.get("beat")
    for number, beat in enumerate(beats if isinstance(beats, list) else (), start=1):
        where = f"{source}: beat {number}"
        _known(beat, _Beat, where)
        if isinstance(beat, dict):
            commands = beat.get("commands")
            for ask in [beat.get("command"), *(commands if isinstance(commands, list) else ())]:
                _known(ask, Ask, f"{where}: command")


def _known(given: Any, kind: type[msgspec.Struct], where: str) -> None:
    valid = kind.__struct_fields__
    for key in given if isinstance(given, dict) else ():
        if key not in valid:
            raise unknown_key("key", key, valid, where)


def _beat(raw: _Beat, where: str) -> Beat:
    asks = ((raw.command,) if raw.command else ()) + raw.commands
    for ask in asks:
        _check_ask(ask, where)
    expect = tuple(read_claim(one, f"{where}: expect", ("count",)) for one in raw.expect)
    return Beat(
        clean(raw.title),
        clean(raw.text),
        _wait(raw.wait, f"{where}: wait") if raw.wait is not None else None,
        asks,
        expect,
        raw.hold,
        raw.within,
        raw.still,
    )


def _check_ask(ask: Ask, where: str) -> None:
    if ask.name not in COMMANDS:
        raise unknown_key("command", ask.name, list(COMMANDS), where)
    _known(ask.args, COMMANDS[ask.name].args, f"{where}: {ask.name}")
    try:
        validate(Command(id="check", actor="demo", source="demo", name=ask.name, args=ask.args))
    except RunError as error:
        raise ConfigError(str(error), where=where) from error


def _wait(raw: dict[str, Any], where: str) -> Wait:
    claim = read_claim(raw, where, ("count", "seconds"))
    if not claim.count:
        raise ConfigError("count must be at least 1: nothing is no event to wait for", where=where)
    try:
        return Wait(claim, msgspec.convert(raw.get("seconds", WAIT_SECONDS), Seconds))
    except msgspec.ValidationError as error:
        raise ConfigError(f"seconds: {error}", where=where) from error
