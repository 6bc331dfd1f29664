"""Walkthroughs as data: a federation, and beats that wait for events and issue commands."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from dltui.core.commands import Command, validate
from dltui.core.events import KINDS, Event
from dltui.core.text import clean
from dltui.errors import ConfigError, RunError
from dltui.paths import top

MAX_FILE_BYTES = 1 << 20
WAIT_SECONDS = 60.0

Seconds = Annotated[float, Meta(gt=0.0, le=86_400.0)]


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command that a beat issues."""

    name: str
    args: dict[str, Any] = {}


class Wait(msgspec.Struct, frozen=True):
    """What a beat waits for: `count` events of `kind` with these fields since the run began, within `seconds`."""

    kind: str
    count: int = 1
    seconds: float = WAIT_SECONDS
    fields: dict[str, Any] = {}

    def matches(self, event: Event) -> bool:
        """The event is one of those that are waited for."""
        return event.kind == self.kind and all(getattr(event.data, k, None) == v for k, v in self.fields.items())

    @property
    def text(self) -> str:
        """What is awaited, in words."""
        fields = " ".join(f"{key}={value}" for key, value in self.fields.items())
        times = f"{self.count} x " if self.count > 1 else ""
        return f"{times}{self.kind} {fields}".strip()


class Beat(msgspec.Struct, frozen=True):
    """One step: what to say, what to wait for, what to ask then, and how long it stays at least (seconds)."""

    title: str
    text: str
    wait: Wait | None
    commands: tuple[Ask, ...]
    hold: float


class Script(msgspec.Struct, frozen=True):
    """A walkthrough. `federation` holds configuration by section, as flags for `config.load`."""

    title: str
    text: str
    federation: dict[str, dict[str, Any]]
    beats: tuple[Beat, ...]


class _Wait(msgspec.Struct):
    kind: str
    count: Annotated[int, Meta(ge=1, le=100_000)] = 1
    seconds: Seconds = WAIT_SECONDS


class _Beat(msgspec.Struct, forbid_unknown_fields=True):
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    text: Annotated[str, Meta(max_length=2_000)]
    wait: dict[str, Any] | None = None
    command: Ask | None = None
    commands: tuple[Ask, ...] = ()
    hold: Annotated[float, Meta(ge=0.0, le=600.0)] = 1.5


class _File(msgspec.Struct, forbid_unknown_fields=True):
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    beat: Annotated[tuple[_Beat, ...], Meta(min_length=1, max_length=500)]
    text: Annotated[str, Meta(max_length=2_000)] = ""
    federation: dict[str, dict[str, Any]] = {}


def load(name: str) -> Script:
    """The walkthrough of that name (`tour`), or in that file. Raises ConfigError naming the file and what is wrong."""
    path = Path(name) if name.endswith(".toml") else top("demos") / f"{name}.toml"
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConfigError(f"larger than {MAX_FILE_BYTES:,} bytes", where=str(path))
        return parse(path.read_bytes(), source=str(path))
    except OSError as error:
        hint = f"walkthroughs: {', '.join(available())}"
        raise ConfigError(f"cannot be read ({error.strerror})", where=str(path), hint=hint) from error


def available() -> list[str]:
    """The names of the walkthroughs that ship with the program."""
    return sorted(path.stem for path in top("demos").glob("*.toml"))


def parse(data: bytes, source: str) -> Script:
    """A walkthrough from TOML bytes; `source` names them in errors. Raises ConfigError."""
    try:
        raw = msgspec.toml.decode(data.decode("utf-8"), type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(clean(str(error), 300), where=source) from error
    beats = tuple(_beat(beat, f"{source}: beat {n}") for n, beat in enumerate(raw.beat, start=1))
    return Script(clean(raw.title), clean(raw.text), raw.federation, beats)


def _beat(raw: _Beat, where: str) -> Beat:
    asks = ((raw.command,) if raw.command else ()) + raw.commands
    for ask in asks:
        try:
            validate(Command(id="check", actor="demo", source="demo", name=ask.name, args=ask.args))
        except RunError as error:
            raise ConfigError(str(error), where=where) from error
    wait = _wait(raw.wait, where) if raw.wait is not None else None
    return Beat(clean(raw.title), clean(raw.text), wait, asks, raw.hold)


def _wait(raw: dict[str, Any], where: str) -> Wait:
    own = {field.name for field in msgspec.structs.fields(_Wait)}
    try:
        head = msgspec.convert({key: value for key, value in raw.items() if key in own}, _Wait)
    except msgspec.ValidationError as error:
        raise ConfigError(f"wait: {error}", where=where) from error
    if head.kind not in KINDS:
        raise ConfigError(f"wait: no event {clean(head.kind, 40)!r}", where=where, hint=_near(head.kind, list(KINDS)))
    known = {field.name for field in msgspec.structs.fields(KINDS[head.kind])}
    fields = {key: value for key, value in raw.items() if key not in own}
    for key in fields:
        if key not in known:
            raise ConfigError(
                f"wait: {head.kind} has no field {clean(key, 40)!r}", where=where, hint=_near(key, sorted(known))
            )
    return Wait(head.kind, head.count, head.seconds, fields)


def _near(word: str, valid: list[str]) -> str:
    found = difflib.get_close_matches(word, valid, n=1, cutoff=0.4)
    return f"the nearest is {found[0]}" if found else f"one of {', '.join(valid)}"
