"""Why a run does not begin, on its way from the process that found out to the command that is waiting."""

from __future__ import annotations

import msgspec

from dltui import exits
from dltui.errors import DltuiError

MAX_BYTES = 65_536
"""Most of it that is read: a pipe takes that much before anybody reads it."""
MAX_CHARACTERS = 3_000
"""Longest of its texts; a character may take six bytes."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An error in parts, as one JSON document."""

    message: str
    where: str = ""
    hint: str = ""
    exit_code: int = exits.USAGE

    @classmethod
    def of(cls, error: DltuiError) -> Refusal:
        """Return what an error says, each text shortened to `MAX_CHARACTERS`."""
        message, where, hint = map(_short, (error.message, error.where, error.hint))
        return cls(message=message, where=where, hint=hint, exit_code=error.exit_code)

    def error(self) -> DltuiError:
        """Return the error again."""
        error = DltuiError(self.message, where=self.where, hint=self.hint)
        error.exit_code = self.exit_code
        return error


def _short(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


def encode(refusal: Refusal | None) -> bytes:
    """Return the refusal as bytes, or that there is none."""
    return msgspec.json.encode(refusal)


def decode(said: bytes) -> Refusal | None:
    """Return what `encode` was given; None too for what is no such document."""
    try:
        return msgspec.json.decode(said[:MAX_BYTES], type=Refusal | None)
    except msgspec.DecodeError:
        return None
