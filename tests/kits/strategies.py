"""Random events of every kind, made from the payload types themselves."""

from __future__ import annotations

import types
import typing
from typing import Any

import msgspec
from hypothesis import strategies as st

from dltui.core.events import KINDS, Payload, Unknown

HOSTILE = [
    "\x1b[2J",
    "\x1b]0;owned\x07",
    "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
    "\x9b31m",
    "\x9d0;t\x9c",
    "a\u202egnp.exe",
    "\ud800",
    "[/x] [red]markup[/]",
    "line\r\nbreak\x00\x7f",
    "\u2066\u200b\ufeff",
    "\x1b\x1b[2J[2J",
    "\x1bP" * 50,
]
"""Text that a terminal would act on."""

names = st.sampled_from(["client-0", "client-1", "client-2", "operator", "", "[/x]\x1b[2J"])
texts = st.one_of(names, st.sampled_from([*HOSTILE, "open", "done", "fetch"]), st.text(max_size=20))
integers = st.one_of(st.integers(0, 4), st.integers(-(2**256) + 1, 2**256 - 1))
floats = st.floats(allow_nan=True, allow_infinity=True)
plain = st.recursive(
    st.one_of(st.none(), st.booleans(), integers, floats, texts),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
finite = st.floats(allow_nan=False, allow_infinity=False)


def of_type(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([of_type(arg) for arg in args])
    if origin is tuple:
        return st.lists(of_type(args[0]), max_size=4).map(tuple)
    if origin is dict:
        return st.dictionaries(texts, plain, max_size=4)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return of_struct(kind)
    simple = {str: texts, int: integers, bool: st.booleans(), float: finite, type(None): st.none()}
    simple[msgspec.UnsetType] = st.just(msgspec.UNSET)
    return simple[kind]


def of_struct(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Structs with random fields."""
    fields = {field.name: of_type(field.type) for field in msgspec.structs.fields(kind)}
    return st.builds(kind, **fields)


payloads: st.SearchStrategy[Payload] = st.one_of(
    [of_struct(kind) for kind in KINDS.values()] + [of_struct(Unknown).filter(lambda u: u.kind not in KINDS)]
)
sequences = st.lists(payloads, max_size=25)
