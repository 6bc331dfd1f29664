"""Checks of configuration keys and values, and the words for what is wrong with them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from dltui.config.suggest import nearest
from dltui.errors import ConfigError

Sections = Mapping[str, type[msgspec.Struct]]
MAX_LIST_TEXT = 1_000
"""Characters of a nested list in text: the decoder recurses, and deep nesting would exhaust the process's stack."""


def check(
    given: Mapping[str, Any], sections: Sections, *, source: str, text: bool = False
) -> dict[str, dict[str, Any]]:
    """Return the values of `given`, converted to their types.

    `text` reads values from strings (the environment): numbers, true/false, lists with commas. Raises ConfigError for
    an unknown section or key (with the nearest valid one) and for a value of a wrong type or outside its range.
    """
    checked: dict[str, dict[str, Any]] = {}
    for section, values in given.items():
        if section not in sections:
            raise _unknown(
                f"[{section}]" if isinstance(values, Mapping) else section, section, sections, source, values
            )
        if not isinstance(values, Mapping):
            raise ConfigError(f"[{section}] must be a section with keys", where=source)
        fields = {field.name: field.type for field in msgspec.structs.fields(sections[section])}
        for key, value in values.items():
            name = f"{section}.{key}"
            if key not in fields:
                raise _unknown(name, name, sections, source, values)
            checked.setdefault(section, {})[key] = _value(name, value, fields[key], source, text)
    return checked


def allowed(kind: Any) -> str:
    """Return the values that a field's type allows, in words."""
    info = msgspec.inspect.type_info(kind)
    return _allowed(info)


def toml_value(value: Any) -> str:
    """Return a scalar or a list as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    return repr(value)


def _value(name: str, value: Any, kind: Any, source: str, text: bool) -> Any:
    wrong = ConfigError(f"{_shown(value)} is not allowed", where=f"{source}: {name}", hint=f"allowed: {allowed(kind)}")
    if isinstance(value, tuple):
        value = list(value)
    info = msgspec.inspect.type_info(kind)
    if text and isinstance(value, str) and isinstance(info, msgspec.inspect.VarTupleType):
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        if text and isinstance(info, msgspec.inspect.UnionType) and str(value).startswith("["):
            if len(value) > MAX_LIST_TEXT:
                raise wrong
            value = msgspec.json.decode(value)
        converted = msgspec.convert(value, kind, strict=not text)
        json.dumps(converted, ensure_ascii=False).encode("utf-8")
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise wrong from None
    if isinstance(converted, float) and not math.isfinite(converted):
        raise wrong
    return converted


def _unknown(shown: str, wanted: str, sections: Sections, source: str, values: Any) -> ConfigError:
    names = {field.name for section in sections.values() for field in msgspec.structs.fields(section)}
    dotted = {f"{s}.{f.name}": s for s, section in sections.items() for f in msgspec.structs.fields(section)}
    key = wanted.partition(".")[2]
    if not key and isinstance(values, Mapping) and len(values) == 1:
        key = next(iter(values))
        shown, wanted = f"{wanted}.{key}", f"{wanted}.{key}"
    near: str | None = None
    if not key:
        section = nearest(wanted, sections)
        near = f"[{section}]" if section else _ending(dotted, wanted)
    elif key in names:
        near = _ending(dotted, key)
    near = near or nearest(wanted, dotted, cutoff=0.5)
    hint = f"the nearest valid key is {near}" if near else f"sections: {', '.join(sections)}"
    return ConfigError(f"unknown key {_shown(shown, quote=False)}", where=source, hint=hint)


def _ending(dotted: Iterable[str], key: str) -> str | None:
    return next((name for name in dotted if name.endswith(f".{key}")), None)


def _allowed(info: Any) -> str:
    inspect = msgspec.inspect
    if isinstance(info, inspect.Metadata):
        return str((info.extra_json_schema or {})["description"])
    if isinstance(info, inspect.UnionType):
        return " or ".join(_allowed(kind) for kind in info.types)
    if isinstance(info, inspect.TupleType):
        return f"a pair of lists: {'; '.join(_allowed(kind) for kind in info.item_types)}"
    if isinstance(info, inspect.BoolType):
        return "true or false"
    if isinstance(info, inspect.LiteralType):
        return " or ".join(json.dumps(value) for value in info.values)
    if isinstance(info, inspect.IntType):
        return f"a whole number from {info.ge:,} to {info.le:,}"
    if isinstance(info, inspect.FloatType):
        low = f"from {info.ge:g}" if info.ge is not None else f"above {info.gt:g}"
        high = f"to {info.le:g}" if info.le is not None else f"below {info.lt:g}"
        return f"a number {low} {high}"
    if isinstance(info, inspect.VarTupleType):
        return f"a list, each {_allowed(info.item_type)}"
    return f"a text of {info.min_length or 0} to {info.max_length} characters"


def _shown(value: Any, quote: bool = True) -> str:
    shown = ascii(value) if quote else ascii(value)[1:-1]
    return shown if len(shown) <= 80 else shown[:79] + "..."
