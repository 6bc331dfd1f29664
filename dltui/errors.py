"""Errors for people: what happened, where, and what to do next."""

from __future__ import annotations

import errno

from dltui import exits


class DltuiError(Exception):
    """Base of every error that a command reports in one line instead of a traceback.

    `message` says what happened, `where` names the file, client, key or transaction, `hint` says what to do next.
    """

    exit_code = exits.FAILED

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} - {self.hint}" if self.hint else text


class ConfigError(DltuiError):
    """A wrong key, value, flag or missing file; nothing was started."""

    exit_code = exits.USAGE


class ChainError(DltuiError):
    """The chain cannot be started, reached or understood."""

    exit_code = exits.CHAIN


class RunError(DltuiError):
    """A run, or a command to a run, failed."""


class BlobError(DltuiError):
    """A blob is missing, too large, or not what its digest says."""


class MismatchError(DltuiError):
    """`verify` found the first place where chain, blobs and journal disagree."""

    exit_code = exits.MISMATCH


def no_room(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, is a disk (or a quota) without room."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__
    return False
