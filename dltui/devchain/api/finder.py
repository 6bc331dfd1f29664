"""Which block a parameter means."""

from __future__ import annotations

from typing import Any

from dltui.devchain import params
from dltui.devchain.chain import StoredChain
from dltui.devchain.params import RpcFault


class Finder:
    """Finds blocks of `chain`; the caller holds its lock."""

    def __init__(self, chain: StoredChain) -> None:
        self._chain = chain

    def find(self, tag: Any) -> int | None:
        """The number of the block that `tag` (a tag, number or hash) means, or None where the chain has none."""
        which, head = params.block_tag(tag), int(self._chain.head.block_number)
        if isinstance(which, bytes):
            return self._chain.index.block_number(which)
        if isinstance(which, int):
            return which if which <= head else None
        return 0 if which == "earliest" else head

    def block(self, tag: Any) -> int:
        """Like `find`; a block that does not exist raises `RpcFault`."""
        number = self.find(tag)
        if number is None:
            raise RpcFault(params.SERVER_ERROR, "header not found")
        return number

    def by_hash(self, given: Any) -> int | None:
        """The number of the block with this hash, or None."""
        return self._chain.index.block_number(params.data(given, "block hash", 32))

    def bound(self, tag: Any) -> int:
        """One end of a log range; a number above the head is allowed and finds nothing there."""
        which = params.block_tag(tag)
        return which if isinstance(which, int) else self.block(tag)
