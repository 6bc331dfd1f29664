"""What the tests of the chain share: keys, a genesis, signed transactions, the Probe contract, a node in process."""

from __future__ import annotations

import json
import os
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eth.db.backends.memory import MemoryDB
from eth_abi import encode as abi_encode
from eth_account import Account
from eth_utils import keccak, to_checksum_address

from dltui.chain.nodes.genesis import Genesis
from dltui.chain.rpc import Rpc
from dltui.chain.wallet import demo_key
from dltui.devchain.calls import Caller
from dltui.devchain.machine import Machine
from dltui.devchain.methods import Methods
from dltui.devchain.miner import Miner
from dltui.devchain.server import RpcServer
from dltui.devchain.stored_chain import StoredChain

CHAIN_ID = 31337
START = 1_700_000_000
KEYS = [demo_key(7, "test", index) for index in range(12)]
ADDRESSES = [Account.from_key(key).address for key in KEYS]
RICH = 10**21
STRANGER = "0x" + "11" * 20
PROBE = json.loads((Path(__file__).parents[1] / "fixtures" / "Probe.json").read_text())
PROBE_CODE = bytes.fromhex(PROBE["bytecode"][2:])
MAX_FEE = 100 * 10**9
TIP = 10**9


def genesis(timestamp: int = START) -> Genesis:
    """A genesis in which every key of `KEYS` is rich."""
    return Genesis(CHAIN_ID, timestamp, dict.fromkeys(ADDRESSES, RICH))


def sign(key: int, nonce: int, to: str | None = STRANGER, **fields: Any) -> bytes:
    """A signed type-2 transaction of key number `key`; `fields` override or add transaction fields."""
    tx = {
        "type": 2,
        "chainId": CHAIN_ID,
        "nonce": nonce,
        "maxFeePerGas": MAX_FEE,
        "maxPriorityFeePerGas": TIP,
        "gas": 21_000,
        "value": 0,
        "data": b"",
    } | fields
    if to is not None:
        tx["to"] = to_checksum_address(to)
    return bytes(Account.sign_transaction(tx, KEYS[key]).raw_transaction)


def legacy(key: int, nonce: int, **fields: Any) -> bytes:
    """A signed legacy transaction of key number `key`."""
    tx = {"nonce": nonce, "gasPrice": MAX_FEE, "gas": 21_000, "to": STRANGER, "value": 1, "data": b""}
    return bytes(Account.sign_transaction(tx | {"chainId": CHAIN_ID} | fields, KEYS[key]).raw_transaction)


def deploy(key: int, nonce: int) -> bytes:
    """A signed transaction that creates the Probe contract."""
    return sign(key, nonce, None, data=PROBE_CODE, gas=1_000_000)


def calldata(signature: str, *args: Any) -> bytes:
    """ABI-encoded calldata, for example `calldata("store(uint256,uint256)", 1, 2)`."""
    types = [kind for kind in signature[signature.index("(") + 1 : -1].split(",") if kind]
    return bytes(keccak(signature.encode())[:4]) + abi_encode(types, args)


def raw_address(index: int) -> bytes:
    """The 20 bytes of address number `index`."""
    return bytes.fromhex(ADDRESSES[index][2:])


def new_machine() -> Machine:
    """A chain in memory."""
    return Machine(MemoryDB(), genesis())


def caller(machine: Machine) -> Caller:
    """What executes calls on the states of `machine`."""
    return Caller(machine.db, CHAIN_ID)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: float = START + 10) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class LocalNode:
    """The whole node in this process: stored chain, miner and HTTP server."""

    def __init__(self, directory: Path, batch_ms: int = 1) -> None:
        self.clock = Clock()
        self.chain = StoredChain(directory, genesis(), self.clock)
        self.miner = Miner(self.chain, batch_ms)
        self.methods = Methods(self.chain, self.miner)
        self.server = RpcServer(self.methods)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.miner.start()
        self._thread.start()

    def call(self, method: str, *params: Any) -> Any:
        """Call a method without HTTP."""
        return self.methods.call(method, list(params))

    def send(self, raw: bytes) -> dict[str, Any]:
        """Send a signed transaction and return its receipt object."""
        receipt: dict[str, Any] = self.call("eth_sendRawTransactionSync", "0x" + raw.hex())
        return receipt

    def deploy(self, key: int = 0, nonce: int = 0) -> str:
        """Deploy the Probe contract and return its address."""
        return str(self.send(deploy(key, nonce))["contractAddress"])

    def close(self) -> None:
        """Stop serving, mine what is left, close the state."""
        self.server.shutdown()
        self.server.server_close()
        self.miner.stop()
        self.chain.close()


@contextmanager
def local_node(directory: Path, batch_ms: int = 1) -> Iterator[tuple[LocalNode, Rpc]]:
    """A node in this process and a client of it."""
    node = LocalNode(directory, batch_ms)
    rpc = Rpc(node.url)
    try:
        yield node, rpc
    finally:
        rpc.close()
        node.close()


def wait_gone(pid: int) -> None:
    """Waits until the process has ended, 20 seconds at most."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([handle], [], [], 20)[0], "the node lives on"
    finally:
        os.close(handle)
