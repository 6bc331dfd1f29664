"""Fees by EIP-1559: what a transaction should offer, and what was paid."""

from __future__ import annotations

from typing import Any

from dltui.devchain import params
from dltui.devchain.api.blocks import BlockFinder
from dltui.devchain.fair_queue import step
from dltui.devchain.formats import quantity
from dltui.devchain.params import arguments, invalid
from dltui.devchain.stored_chain import StoredChain

PRIORITY_FEE = 1_000_000_000
"""Suggested tip in wei per gas."""
BLOB_BASE_FEE = 1
"""Base fee of blobs in wei per gas: the least there is, because no block has any."""
_MOST_BLOCKS = 1024
_MAX_PERCENTILES = 100


class FeeMethods:
    """Fees in wei per gas."""

    def __init__(self, chain: StoredChain) -> None:
        self._chain = chain
        self._finder = BlockFinder(chain)

    def eth_gasPrice(self, given: Any) -> str:
        arguments(given, 0, 0)
        with self._chain.lock:
            return quantity(_next_base_fee(self._chain) + PRIORITY_FEE)

    def eth_maxPriorityFeePerGas(self, given: Any) -> str:
        arguments(given, 0, 0)
        return quantity(PRIORITY_FEE)

    def eth_blobBaseFee(self, given: Any) -> str:
        arguments(given, 0, 0)
        return quantity(BLOB_BASE_FEE)

    def eth_feeHistory(self, given: Any) -> dict[str, Any]:
        blocks, newest, percentiles = arguments(given, 2, 3)
        count = params.count(blocks, "blockCount", _MOST_BLOCKS)
        with self._chain.lock:
            last = self._finder.block(newest)
        return _history(self._chain, count, last, percentiles)


def _next_base_fee(chain: StoredChain) -> int:
    """Return the base fee of the block to come in wei per gas."""
    return int(chain.machine.next_header(chain.now).base_fee_per_gas)


def _history(chain: StoredChain, count: int, newest: int, percentiles: Any) -> dict[str, Any]:
    """Return the eth_feeHistory object for the `count` blocks that end with `newest`.

    `percentiles` (of gas used, rising) asks for the tips in wei per gas at these points of each block.
    """
    points = _points(percentiles)
    count = min(count, newest + 1)
    oldest = newest - count + 1
    base_fees, ratios, rewards = [], [], []
    for number in range(oldest, newest + 1):
        with chain.lock:
            header = chain.machine.header(number)
            tips = _tips(chain, number, header.base_fee_per_gas, points)
        base_fees.append(quantity(header.base_fee_per_gas))
        ratios.append(header.gas_used / header.gas_limit)
        rewards.append([quantity(tip) for tip in tips])
        step()
    with chain.lock:
        is_head = newest == chain.head.block_number
        following = _next_base_fee(chain) if is_head else chain.machine.header(newest + 1).base_fee_per_gas
    base_fees.append(quantity(following))
    result: dict[str, Any] = {
        "oldestBlock": quantity(oldest),
        "baseFeePerGas": base_fees,
        "gasUsedRatio": ratios,
        "baseFeePerBlobGas": [quantity(BLOB_BASE_FEE)] * len(base_fees),
        "blobGasUsedRatio": [0.0] * len(ratios),
    }
    return result | {"reward": rewards} if points else result


def _points(percentiles: Any) -> list[float]:
    if percentiles is None:
        return []
    if not isinstance(percentiles, list) or len(percentiles) > _MAX_PERCENTILES:
        raise invalid(f"percentiles is not a list of at most {_MAX_PERCENTILES}")
    if not all(type(point) in (int, float) and 0 <= point <= 100 for point in percentiles):
        raise invalid("a percentile is not a number from 0 to 100")
    if percentiles != sorted(percentiles):
        raise invalid("the percentiles do not rise")
    return percentiles


def _tips(chain: StoredChain, number: int, base_fee: int, points: list[float]) -> list[int]:
    if not points:
        return []
    paid = sorted((price - base_fee, gas) for price, gas in chain.index.paid(number))
    total = sum(gas for _, gas in paid)
    tips = []
    for point in points:
        seen, chosen = 0, 0
        for tip, gas in paid:
            seen, chosen = seen + gas, tip
            if seen >= total * point / 100:
                break
        tips.append(chosen)
    return tips
