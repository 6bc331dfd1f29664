"""What the plain Python model of the contracts is made of: records as sets and lists, and the drawing of seats."""

from __future__ import annotations

from dataclasses import dataclass, field

from eth_abi import encode
from eth_utils import keccak

from dltui.chain.contracts.bound import ClientStatus, Plan, RoundState, VersionState
from dltui.core.client_set import ClientSet

ZERO = bytes(32)


class Refused(Exception):
    """The transaction reverts with the custom error of this name."""


def need(condition: bool, error: str) -> None:
    """Refuses unless the condition holds."""
    if not condition:
        raise Refused(error)


def draw(pool: set[int], seats: int, seed: bytes, attempt: int) -> set[int]:
    """Seats drawn one by one from an ordered list."""
    rest, drawn = sorted(pool), set()
    for seat in range(seats):
        digest = keccak(encode(["bytes32", "uint8", "uint8"], [seed, attempt, seat]))
        drawn.add(rest.pop(int.from_bytes(digest, "big") % len(rest)))
    return drawn


def indices(bitmap: int) -> tuple[int, ...]:
    """The client indices in a bitmap, ascending."""
    return tuple(ClientSet(bitmap))


def bits(indices: set[int]) -> int:
    """A set of indices as a bitmap."""
    return sum(1 << index for index in indices)


@dataclass
class Person:
    account: str
    status: ClientStatus = ClientStatus.NONE
    pending: bool = False
    index: int | None = None
    misses: int = 0
    last_submitted: int = 0
    last_miss: int = 0


@dataclass
class Data:
    root: bytes
    schema: bytes
    count: int
    budget: int
    last_round: int = 0
    approved: bool = False
    granted: bool = True


@dataclass
class Round:
    number: int
    plan_id: int
    plan: Plan
    base: int
    opened_at: int
    deadline: int
    selected: set[int]
    committee: set[int]
    state: RoundState = RoundState.OPEN
    attempt: int = 0
    open_seconds: int = 0
    submitted: set[int] = field(default_factory=set)
    reported: set[int] = field(default_factory=set)
    seals: dict[int, tuple[bytes, int]] = field(default_factory=dict)
    root: bytes = ZERO


@dataclass
class Version:
    number: int
    parent: int
    digest: bytes
    state: VersionState
    accuracy: int = 0
    round: int = 0
    proposers: frozenset[int] = frozenset()
