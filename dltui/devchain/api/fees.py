"""Methods about fees: what a transaction should offer."""

from __future__ import annotations

from typing import Any

from dltui.devchain import fees, params
from dltui.devchain.api.finder import Finder
from dltui.devchain.chain import StoredChain
from dltui.devchain.formats import quantity
from dltui.devchain.params import arguments

PRIORITY_FEE = 1_000_000_000
"""Suggested tip in wei per gas."""
_MOST_BLOCKS = 1024


class FeeMethods:
    """Fees in wei per gas."""

    def __init__(self, chain: StoredChain) -> None:
        self._chain = chain
        self._finder = Finder(chain)

    def eth_gasPrice(self, given: Any) -> str:
        arguments(given, 0, 0)
        with self._chain.lock:
            return quantity(fees.next_base_fee(self._chain) + PRIORITY_FEE)

    def eth_maxPriorityFeePerGas(self, given: Any) -> str:
        arguments(given, 0, 0)
        return quantity(PRIORITY_FEE)

    def eth_blobBaseFee(self, given: Any) -> str:
        arguments(given, 0, 0)
        return quantity(fees.BLOB_BASE_FEE)

    def eth_feeHistory(self, given: Any) -> dict[str, Any]:
        blocks, newest, percentiles = arguments(given, 2, 3)
        count = params.count(blocks, "blockCount", _MOST_BLOCKS)
        with self._chain.lock:
            last = self._finder.block(newest)
        return fees.history(self._chain, count, last, percentiles)
