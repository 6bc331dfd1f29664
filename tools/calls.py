"""How long transactions and reads take on the embedded chain while clients call endless loops.

    python tools/calls.py [TRANSACTIONS]

Starts a node, sends transactions of the run one after the other beside 0, 1, 2 and 8 clients whose calls never end by
themselves, and prints a table. Times in milliseconds.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eth_account import Account

from dltui.chain.nodes.embedded_node import EmbeddedNode
from dltui.chain.nodes.genesis import Genesis
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import RpcError

CHAIN_ID = 31337
LOOP = {"data": "0x5b600056"}  # JUMPDEST PUSH1 0 JUMP
STRANGER = "0x" + "11" * 20


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    account = Account.create()
    with tempfile.TemporaryDirectory() as folder:
        node = EmbeddedNode(Path(folder), Genesis(CHAIN_ID, int(time.time()), {account.address: 10**21}))
        node.start()
        try:
            print("| endless calls | transaction, median | longest | balance read, median | longest |")
            print("|---|---|---|---|---|")
            for round_, loops in enumerate((0, 1, 2, 8)):
                sent, read = beside(node.url, loops, lambda first=round_ * count: probe(node, account, first, count))
                print(f"| {loops} | {row(sent)} | {row(read)} |", flush=True)
        finally:
            node.stop()


def row(times: list[float]) -> str:
    """Median and longest of `times` (seconds), in milliseconds."""
    return f"{statistics.median(times) * 1000:.1f} | {max(times) * 1000:.1f}"


def beside(url: str, loops: int, work: Callable[[], Any]) -> Any:
    """Do `work` while `loops` clients call without end."""
    stop = threading.Event()
    threads = [threading.Thread(target=call_until, args=(url, stop)) for _ in range(loops)]
    for thread in threads:
        thread.start()
    try:
        return work()
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def call_until(url: str, stop: threading.Event) -> None:
    """Call the loop again and again; the node ends each call with an error."""
    with Rpc(url, timeout=60.0) as rpc:
        while not stop.is_set():
            try:
                rpc.call("eth_call", LOOP, "latest")
            except RpcError:
                continue


def probe(node: EmbeddedNode, account: Any, first: int, count: int) -> tuple[list[float], list[float]]:
    """Return the seconds of each of `count` transactions (nonces from `first`), and of a read after each."""
    sent, read = [], []
    with Rpc(node.url, timeout=60.0, word=node.word) as rpc:
        for nonce in range(first, first + count):
            raw = "0x" + transfer(account, nonce).hex()
            began = time.perf_counter()
            rpc.call("eth_sendRawTransactionSync", raw)
            mined = time.perf_counter()
            rpc.call("eth_getBalance", STRANGER, "latest")
            sent.append(mined - began)
            read.append(time.perf_counter() - mined)
    return sent, read


def transfer(account: Any, nonce: int) -> bytes:
    """Return a signed transfer of one wei."""
    fields = {"type": 2, "chainId": CHAIN_ID, "nonce": nonce, "to": STRANGER, "value": 1, "gas": 21_000}
    fees = {"maxFeePerGas": 10**11, "maxPriorityFeePerGas": 10**9}
    return bytes(account.sign_transaction(fields | fees).raw_transaction)


if __name__ == "__main__":
    main()
