"""What a walkthrough says of events: what a beat waits for, and what must have happened when it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from dltui.core.events import KINDS, Event
from dltui.core.sanitize import clean
from dltui.demo.nearest import unknown_key
from dltui.errors import ConfigError

MOST_SHOWN = 160
"""Characters of a value that an error quotes."""


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A claim about one field that is no plain equality; every part that is given must hold.

    `has` and `lacks` name an element of a list (as a table, some fields of one) or a part of a text, `size` counts a
    list, `least` and `most` bound a number.
    """

    has: Any = None
    lacks: Any = None
    size: Annotated[int, Meta(ge=0)] | None = None
    least: float | None = None
    most: float | None = None

    def holds(self, value: Any) -> bool:
        """Return whether the value is so."""
        listed = isinstance(value, (tuple, list))
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return (
            (self.has is None or _holds(value, self.has))
            and (self.lacks is None or (isinstance(value, (tuple, list, str)) and not _holds(value, self.lacks)))
            and (self.size is None or (listed and len(value) == self.size))
            and (self.least is None or (number and value >= self.least))
            and (self.most is None or (number and value <= self.most))
        )

    @property
    def text(self) -> str:
        """The condition in words."""
        given = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return " and ".join(f"{name} {_words(value)}" for name, value in given if value is not None)


class Claim(msgspec.Struct, frozen=True):
    """At least `count` events of `kind` with these fields since the run began; with `count` 0, none at all."""

    kind: str
    count: int = 1
    fields: dict[str, Any] = {}
    """Field to its value, or to a Condition."""

    def matches(self, event: Event) -> bool:
        """Return whether the event is one of those meant."""
        return event.kind == self.kind and all(
            _fits(getattr(event.data, name, None), test) for name, test in self.fields.items()
        )

    @property
    def text(self) -> str:
        """The claim in words."""
        fields = " ".join(
            f"{name} {test.text}" if isinstance(test, Condition) else f"{name}={_words(test)}"
            for name, test in self.fields.items()
        )
        times = f"{self.count} x " if self.count > 1 else "" if self.count else "no "
        return f"{times}{self.kind} {fields}".strip()


class Count:
    """How often a claim's events have come."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.seen = 0
        self._last: Event | None = None

    def take(self, event: Event) -> None:
        """Take one event in."""
        if event.kind == self.claim.kind:
            self._last = event
            self.seen += self.claim.matches(event)

    @property
    def holds(self) -> bool:
        """What is claimed is so at this moment."""
        return self.seen >= self.claim.count if self.claim.count else self.seen == 0

    @property
    def found(self) -> str:
        """What there was instead, in words."""
        claim = self.claim
        if claim.count > 1 and self.seen:
            return f"{self.seen} of {claim.count} came"
        if self._last is None:
            return f"no {claim.kind} came"
        said = ", ".join(f"{name}={_words(getattr(self._last.data, name, None))}" for name in claim.fields)
        return f"the last {claim.kind} had {said}" if said else f"{self.seen} came"


def read_claim(raw: dict[str, Any], where: str, own: Sequence[str]) -> Claim:
    """Return a claim from its TOML table, whose keys are `kind`, those in `own`, and fields of that kind of event.

    Raises ConfigError naming what is wrong and the nearest that would be right.
    """
    kind = raw.get("kind")
    if not isinstance(kind, str):
        raise ConfigError("kind is missing: which event?", where=where, hint="kind = 'round.finalised'")
    if kind not in KINDS:
        raise unknown_key("event", kind, list(KINDS), where)
    types = {field.name: field.type for field in msgspec.structs.fields(KINDS[kind])}
    fields: dict[str, Any] = {}
    for name, value in raw.items():
        if name == "kind" or name in own:
            continue
        if name not in types:
            raise unknown_key(f"field of {kind}", name, [*types, *own], where)
        fields[name] = _field(name, value, types[name], where)
    count = raw.get("count", 1)
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= 100_000:
        raise ConfigError("count must be a whole number from 0 to 100000", where=where)
    return Claim(kind, count, fields)


def _field(name: str, value: Any, kind: Any, where: str) -> Any:
    try:
        if not isinstance(value, dict):
            return msgspec.convert(value, kind)
        for key in value:
            if key not in Condition.__struct_fields__:
                raise unknown_key(f"condition on {name}", key, list(Condition.__struct_fields__), where)
        return msgspec.convert(value, Condition)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {error}", where=where) from error


def _fits(value: Any, test: Any) -> bool:
    return test.holds(value) if isinstance(test, Condition) else bool(value == test)


def _holds(value: Any, wanted: Any) -> bool:
    if isinstance(value, str):
        return isinstance(wanted, str) and wanted in value
    return isinstance(value, (tuple, list)) and any(_like(item, wanted) for item in value)


def _like(item: Any, wanted: Any) -> bool:
    """Return whether an element of a list is the wanted value, or has the wanted fields."""
    if isinstance(wanted, dict):
        return all(getattr(item, key, None) == value for key, value in wanted.items())
    return bool(item == wanted)


def _words(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, msgspec.Struct):
        value = msgspec.to_builtins(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_words(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (tuple, list)):
        return clean(", ".join(_words(item) for item in value), MOST_SHOWN) or "nothing"
    return clean(str(value), MOST_SHOWN)
