"""The states and reasons that the contracts number, each with the word that people read."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Any

ATTEMPTS = 3
"""Committees that are drawn for a round before it aborts, as the contract has it."""


class ChainState(str, Enum):
    """Base of a state: the contracts give its number, and it is equal to its word.

    `RoundState(1)`, `RoundState("open")` and `RoundState.OPEN` are the same, and each is equal to `"open"`.
    """

    number: int
    """The contracts' number; -1 if they have none for it."""

    def __new__(cls, word: Any, number: int = -1) -> ChainState:
        """Make a member of its word and number."""
        self = str.__new__(cls, word)
        self._value_, self.number = word, number
        return self

    @classmethod
    def _missing_(cls, value: object) -> ChainState | None:
        numbered = isinstance(value, int) and value >= 0
        return next((state for state in cls if state.number == value), None) if numbered else None

    def __str__(self) -> str:
        """Return the word."""
        return str(self.value)

    def __format__(self, spec: str) -> str:
        """Return the word, formatted."""
        return format(self.value, spec)


class RoundState(ChainState):
    """Where a round stands. FINALISED and ABORTED are final."""

    NONE = "none", 0
    OPEN = "open", 1
    REPORTING = "reporting", 2
    ATTESTING = "attesting", 3
    FINALISED = "finalised", 4
    ABORTED = "aborted", 5

    @property
    def in_flight(self) -> bool:
        """Whether the round still runs."""
        return self in (RoundState.OPEN, RoundState.REPORTING, RoundState.ATTESTING)


class ClientStatus(ChainState):
    """Where a client stands. The contracts keep nothing of a refused application: UNKNOWN there, REJECTED here."""

    NONE = "unknown", 0
    PENDING = "pending", 1
    ACTIVE = "active", 2
    SUSPENDED = "suspended", 3
    LEAVING = "leaving", 4
    LEFT = "left", 5
    BANNED = "banned", 6
    REJECTED = "rejected"


class VersionState(ChainState):
    """VERIFIED by a quorum, APPROVED or REJECTED by the operator."""

    NONE = "none", 0
    VERIFIED = "verified", 1
    APPROVED = "approved", 2
    REJECTED = "rejected", 3


class Reason(IntEnum):
    """Base of a reason: a number on chain, and `text` for people."""

    text: str

    def __new__(cls, number: int, text: str) -> Reason:
        """Make a member of its number and its text."""
        self = int.__new__(cls, number)
        self._value_, self.text = number, text
        return self

    @classmethod
    def say(cls, number: int) -> str:
        """Return the text of a reason, also of one that a newer contract gives."""
        return next((reason.text for reason in cls if reason == number), f"reason {number}")


class AbortReason(Reason):
    """Why a round was aborted."""

    TOO_FEW_SUBMISSIONS = 1, "too few submissions"
    NO_QUORUM = 2, "no quorum after every attempt"
    TOO_FEW_VALID = 3, "too few valid updates"
    BASE_REJECTED = 4, "its base version was rejected"


class SuspendReason(Reason):
    """Why a client was suspended."""

    BY_OPERATOR = 0, "by the operator"
    MISSED = 1, "too many missed rounds"
