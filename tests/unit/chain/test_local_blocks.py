"""The blocks of a node of the run's own: each is asked for once, and in the log before anybody sees it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dltui.chain.history.local_blocks import LocalBlocks
from dltui.chain.history.txlog import TxLog
from dltui.chain.rpc import Rpc
from tests.kits.chain import local_node, sign


class Counting(Rpc):
    """A client that notes the methods of each request that it sends."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.sent: list[list[str]] = []

    def _exchange(self, request: Any, may_repeat: bool) -> Any:
        calls: Sequence[Any] = request if isinstance(request, list) else [request]
        self.sent.append([call["method"] for call in calls])
        return super()._exchange(request, may_repeat)


def test_a_new_block_is_one_request_and_is_in_the_log_when_it_is_seen(tmp_path: Path) -> None:
    with local_node(tmp_path) as (node, _), Counting(node.url) as rpc:
        receipts = [node.send(sign(0, nonce)) for nonce in range(3)]
        log = TxLog.create(tmp_path / "txs.jsonl", "a" * 64)
        blocks = LocalBlocks(rpc, log)
        whole = ["eth_getBlockByNumber", "eth_getBlockReceipts"]
        seen = []
        for block in blocks.fresh(0):
            seen.append(block.txs[0].hash)
            assert (log.last_block, log.last_hash) == (block.number, block.hash)
        assert seen == [receipt["transactionHash"] for receipt in receipts]
        assert rpc.sent == [["eth_blockNumber"], whole, whole, whole]
        rpc.sent.clear()
        assert list(blocks.fresh(3)) == [] and rpc.sent == [["eth_blockNumber"]]
        rpc.sent.clear()
        assert [block.number for block in blocks.history(2)] == [1, 2] and rpc.sent == [whole, whole]
