"""A set of clients by index, as the contracts hold it: one bit a client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class ClientSet:
    """An immutable set of client indices; iterates from the lowest. `bitmap` is its form on chain.

    Raises ValueError if the bitmap is negative.
    """

    bitmap: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no set."""
        if self.bitmap < 0:
            raise ValueError("a bitmap is never negative")

    @classmethod
    def of(cls, indices: Iterable[int]) -> ClientSet:
        """Return the set of these indices. Raises ValueError for a negative one."""
        bitmap = 0
        for index in indices:
            bitmap |= 1 << index
        return cls(bitmap)

    def __contains__(self, index: object) -> bool:
        """Return whether the client is in the set; an index below 0 is none."""
        return isinstance(index, int) and index >= 0 and bool(self.bitmap >> index & 1)

    def __iter__(self) -> Iterator[int]:
        """Go through the indices, the lowest first."""
        left = self.bitmap
        while left:
            lowest = left & -left
            yield lowest.bit_length() - 1
            left ^= lowest

    def __len__(self) -> int:
        """Return how many clients are in it."""
        return self.bitmap.bit_count()

    def __and__(self, other: ClientSet) -> ClientSet:
        """Return the clients that are in both."""
        return ClientSet(self.bitmap & other.bitmap)

    def __or__(self, other: ClientSet) -> ClientSet:
        """Return the clients that are in either."""
        return ClientSet(self.bitmap | other.bitmap)

    def __sub__(self, other: ClientSet) -> ClientSet:
        """Return the clients of this set that are not in the other."""
        return ClientSet(self.bitmap & ~other.bitmap)

    def below(self, index: int) -> ClientSet:
        """Return the clients of a lower index than this one, which is 0 or more."""
        return ClientSet(self.bitmap & ((1 << index) - 1))
