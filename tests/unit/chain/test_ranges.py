"""Logs over many blocks: whole, in order and once, whatever range the node takes at a time."""

from __future__ import annotations

from typing import Any

import pytest

from dltui.chain.contracts.ranges import SPAN, logs_of
from dltui.chain.rpc_errors import RpcError


class Narrow:
    """A node with one log in every third block, which answers for at most `most` blocks at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.asked = 0

    def call(self, method: str, *params: Any) -> Any:
        self.asked += 1
        first, last = (int(params[0][key], 16) for key in ("fromBlock", "toBlock"))
        if last - first + 1 > self._most:
            raise RpcError(method, -32005, "the range is too long")
        return [number for number in range(first, last + 1) if number % 3 == 0]


@pytest.mark.parametrize("most", [1, 2, 7, 500, SPAN, 10**6])
@pytest.mark.parametrize(("first", "last"), [(1, 0), (5, 5), (1, 100), (90, 90 + 3 * SPAN // 2)])
def test_every_log_comes_once_and_in_order(most: int, first: int, last: int) -> None:
    node = Narrow(most)
    assert list(logs_of(node, ["0x1"], first, last)) == [n for n in range(first, last + 1) if n % 3 == 0]
    assert node.asked <= (last - first + 1) * 2 / min(most, SPAN) + 13


def test_a_node_that_refuses_a_single_block_is_not_asked_for_ever() -> None:
    with pytest.raises(RpcError, match="too long"):
        list(logs_of(Narrow(0), ["0x1"], 1, 10))
