"""Methods of this node alone: a long poll for blocks."""

from __future__ import annotations

from typing import Any

from dltui.chain.embedded import params
from dltui.chain.embedded.chain import StoredChain
from dltui.chain.embedded.formats import quantity
from dltui.chain.embedded.params import arguments

MAX_WAIT_MS = 5_000
"""Longest long-poll of dltui_waitBlock."""


class ExtensionMethods:
    """For the programs of this house; on other nodes they ask again and again instead."""

    def __init__(self, chain: StoredChain) -> None:
        self._chain = chain

    def dltui_waitBlock(self, given: Any) -> str:
        """Answer with the head's number as soon as it is above the first parameter, or after `timeout_ms`."""
        after, timeout = arguments(given, 2, 2)
        number = params.count(after, "block number", 2**63 - 1)
        return quantity(self._chain.wait(number, params.count(timeout, "timeout_ms", MAX_WAIT_MS) / 1000))
