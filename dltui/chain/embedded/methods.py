"""The JSON-RPC methods of the node, with the results and error codes of real nodes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from dltui.chain.embedded import fees, params
from dltui.chain.embedded.chain import StoredChain
from dltui.chain.embedded.formats import data, quantity
from dltui.chain.embedded.index import MAX_LOGS, LogFilter, TooManyLogs
from dltui.chain.embedded.machine import CallResult
from dltui.chain.embedded.miner import Miner, Ticket
from dltui.chain.embedded.params import RpcFault, arguments
from dltui.chain.embedded.transactions import Refused
from dltui.errors import ChainError

log = logging.getLogger(__name__)

CLIENT_VERSION = "dltui-embedded/1/py-evm"
"""How the node names itself."""
SYNC_TIMEOUT_MS = 20_000
"""How long eth_sendRawTransactionSync waits for a block unless told otherwise."""
MAX_WAIT_MS = 5_000
"""Longest long-poll of dltui_waitBlock."""
PRIORITY_FEE = 1_000_000_000
"""Suggested tip in wei per gas."""
_MAX_MINE_BLOCK = 10_000


class Methods:
    """Calls methods by name on one chain and its miner. Safe to use from many threads."""

    def __init__(self, chain: StoredChain, miner: Miner) -> None:
        self._chain = chain
        self._miner = miner
        prefixes = ("eth_", "net_", "web3_", "dltui_")
        self._table: dict[str, Callable[[Any], Any]] = {
            name: getattr(self, name) for name in dir(type(self)) if name.startswith(prefixes)
        }

    def call(self, method: str, given: Any) -> Any:
        """The result of `method` with the parameters `given`; every failure is an `RpcFault`."""
        function = self._table.get(method)
        if function is None:
            raise RpcFault(params.METHOD_NOT_FOUND, f"the method {method[:80]} does not exist/is not available")
        try:
            return function(given)
        except (Refused, ChainError) as error:
            raise RpcFault(params.SERVER_ERROR, error.message) from error
        except TooManyLogs as error:
            raise RpcFault(params.LIMIT_EXCEEDED, f"query returned more than {MAX_LOGS} results") from error
        except RpcFault:
            raise
        except Exception as error:
            log.exception("%s failed", method)
            raise RpcFault(params.INTERNAL, f"internal error ({type(error).__name__})") from error

    # Node.

    def eth_chainId(self, given: Any) -> str:
        arguments(given, 0, 0)
        return quantity(self._chain.machine.chain_id)

    def net_version(self, given: Any) -> str:
        arguments(given, 0, 0)
        return str(self._chain.machine.chain_id)

    def net_listening(self, given: Any) -> bool:
        arguments(given, 0, 0)
        return True

    def web3_clientVersion(self, given: Any) -> str:
        arguments(given, 0, 0)
        return CLIENT_VERSION

    def eth_syncing(self, given: Any) -> bool:
        arguments(given, 0, 0)
        return False

    def eth_accounts(self, given: Any) -> list[str]:
        arguments(given, 0, 0)
        return []

    def eth_blockNumber(self, given: Any) -> str:
        arguments(given, 0, 0)
        return quantity(self._chain.head.block_number)

    # Fees.

    def eth_gasPrice(self, given: Any) -> str:
        arguments(given, 0, 0)
        with self._chain.lock:
            return quantity(fees.next_base_fee(self._chain) + PRIORITY_FEE)

    def eth_maxPriorityFeePerGas(self, given: Any) -> str:
        arguments(given, 0, 0)
        return quantity(PRIORITY_FEE)

    def eth_feeHistory(self, given: Any) -> dict[str, Any]:
        blocks, newest, percentiles = arguments(given, 2, 3)
        with self._chain.lock:
            return fees.history(self._chain, params.count(blocks, "blockCount", 1024), self._block(newest), percentiles)

    # State.

    def eth_getBalance(self, given: Any) -> str:
        account, tag = arguments(given, 1, 2)
        with self._chain.lock:
            return quantity(self._chain.machine.balance(params.address(account), self._block(tag)))

    def eth_getTransactionCount(self, given: Any) -> str:
        account, tag = arguments(given, 1, 2)
        sender = params.address(account)
        with self._chain.lock:
            if params.block_tag(tag) == "pending":
                return quantity(self._miner.next_nonce(sender))
            return quantity(self._chain.machine.nonce(sender, self._block(tag)))

    def eth_getCode(self, given: Any) -> str:
        account, tag = arguments(given, 1, 2)
        with self._chain.lock:
            return data(self._chain.machine.code(params.address(account), self._block(tag)))

    def eth_getStorageAt(self, given: Any) -> str:
        account, place, tag = arguments(given, 2, 3)
        with self._chain.lock:
            word = self._chain.machine.storage(params.address(account), params.slot(place), self._block(tag))
        return data(word.to_bytes(32, "big"))

    def eth_call(self, given: Any) -> str:
        call, tag, overrides = arguments(given, 1, 3)
        if overrides:
            raise params.invalid("state overrides are not supported")
        message, which = params.message(call), params.block_tag(tag)
        with self._chain.lock:
            timestamp = self._chain.now if which == "pending" else None
            result = self._chain.machine.call(message, self._block(tag), timestamp)
        return data(_checked(result).output)

    def eth_estimateGas(self, given: Any) -> str:
        call, tag, overrides = arguments(given, 1, 3)
        if overrides:
            raise params.invalid("state overrides are not supported")
        message, which = params.message(call), params.block_tag("pending" if tag is None else tag)
        with self._chain.lock:
            timestamp = self._chain.now if which == "pending" else None
            result = self._chain.machine.estimate(message, self._block(tag), timestamp)
        return quantity(_checked(result).gas_used)

    # Sending.

    def eth_sendRawTransaction(self, given: Any) -> str:
        (raw,) = arguments(given, 1, 1)
        return data(self._miner.submit(params.data(raw, "transaction")).tx.hash)

    def eth_sendRawTransactionSync(self, given: Any) -> Any:
        raw, timeout = arguments(given, 1, 2)
        patience = SYNC_TIMEOUT_MS if timeout is None else params.count(timeout, "timeout", 60_000)
        ticket: Ticket = self._miner.submit(params.data(raw, "transaction"))
        tx_hash = ticket.tx.hash
        if not ticket.done.wait(patience / 1000):
            text = "the transaction was accepted but is not in a block yet"
            raise RpcFault(params.NOT_YET_MINED, text, data(tx_hash))
        if ticket.error is not None:
            raise ticket.error
        with self._chain.lock:
            return self._chain.index.receipt(tx_hash)

    # Blocks, transactions, receipts, logs.

    def eth_getBlockByNumber(self, given: Any) -> Any:
        tag, full = arguments(given, 1, 2)
        whole = params.flag(full, "the second parameter")
        with self._chain.lock:
            number = self._find(tag)
            return None if number is None else self._chain.index.block(number, whole)

    def eth_getBlockByHash(self, given: Any) -> Any:
        block_hash, full = arguments(given, 1, 2)
        whole = params.flag(full, "the second parameter")
        with self._chain.lock:
            number = self._chain.index.block_number(params.data(block_hash, "block hash", 32))
            return None if number is None else self._chain.index.block(number, whole)

    def eth_getBlockReceipts(self, given: Any) -> Any:
        (tag,) = arguments(given, 1, 1)
        with self._chain.lock:
            number = self._find(tag)
            return None if number is None else self._chain.index.receipts(number)

    def eth_getTransactionByHash(self, given: Any) -> Any:
        (tx_hash,) = arguments(given, 1, 1)
        with self._chain.lock:
            return self._chain.index.transaction(params.data(tx_hash, "transaction hash", 32))

    def eth_getTransactionReceipt(self, given: Any) -> Any:
        (tx_hash,) = arguments(given, 1, 1)
        with self._chain.lock:
            return self._chain.index.receipt(params.data(tx_hash, "transaction hash", 32))

    def eth_getLogs(self, given: Any) -> Any:
        (wanted,) = arguments(given, 1, 1)
        if not isinstance(wanted, dict):
            raise params.invalid("the filter is not an object")
        addresses = params.choices(wanted.get("address"), "address", 20)
        topics = params.topics(wanted.get("topics"))
        with self._chain.lock:
            if wanted.get("blockHash") is not None:
                if wanted.get("fromBlock") is not None or wanted.get("toBlock") is not None:
                    raise params.invalid("cannot specify both blockHash and fromBlock/toBlock")
                first = last = self._block({"blockHash": wanted["blockHash"]})
            else:
                first, last = self._bound(wanted.get("fromBlock")), self._bound(wanted.get("toBlock"))
                if first > last:
                    raise params.invalid("invalid block range params")
            return self._chain.index.logs(LogFilter(first, last, addresses, topics))

    # Extensions.

    def dltui_waitBlock(self, given: Any) -> str:
        """Answer with the head's number as soon as it is above the first parameter, or after `timeout_ms`."""
        after, timeout = arguments(given, 2, 2)
        number = params.count(after, "block number", 2**63 - 1)
        return quantity(self._chain.wait(number, params.count(timeout, "timeout_ms", MAX_WAIT_MS) / 1000))

    def dltui_mineBlock(self, given: Any) -> dict[str, str]:
        """Make the next block from a transaction log: all of `transactions`, or an error and no block.

        Only until the node takes its first ordinary transaction, so that nobody can set a running chain's
        clock.
        """
        (block,) = arguments(given, 1, 1)
        if not isinstance(block, dict) or not isinstance(block.get("transactions"), list):
            raise params.invalid("expected {timestamp, transactions}")
        timestamp = params.count(block.get("timestamp"), "timestamp", 2**40 - 1)
        if len(block["transactions"]) > _MAX_MINE_BLOCK:
            raise params.invalid("too many transactions")
        raws = [params.data(raw, "transaction") for raw in block["transactions"]]
        with self._chain.lock:
            if self._miner.taken:
                raise RpcFault(params.SERVER_ERROR, "the node has taken transactions since it was started")
            made = self._chain.mine(raws, timestamp, whole=True)
        return {"number": quantity(made.number), "hash": data(made.hash), "stateRoot": data(made.state_root)}

    def _bound(self, tag: Any) -> int:
        """One end of a log range; a number above the head is allowed and finds nothing there."""
        which = params.block_tag(tag)
        return which if isinstance(which, int) else self._block(tag)

    def _block(self, tag: Any) -> int:
        """The number of an existing block."""
        number = self._find(tag)
        if number is None:
            raise RpcFault(params.SERVER_ERROR, "header not found")
        return number

    def _find(self, tag: Any) -> int | None:
        which, head = params.block_tag(tag), int(self._chain.head.block_number)
        if isinstance(which, bytes):
            return self._chain.index.block_number(which)
        if isinstance(which, int):
            return which if which <= head else None
        return 0 if which == "earliest" else head


def _checked(result: CallResult) -> CallResult:
    if result.reverted:
        raise RpcFault(params.REVERTED, result.error + _reason(result.output), data(result.output))
    if result.error:
        raise RpcFault(params.SERVER_ERROR, result.error)
    return result


def _reason(output: bytes) -> str:
    """The text of a Solidity `Error(string)`, as geth appends it to its message."""
    size = int.from_bytes(output[36:68], "big")
    if output[:4] != bytes.fromhex("08c379a0") or len(output) < 68 or size > len(output) - 68:
        return ""
    return ": " + output[68 : 68 + size].decode("utf-8", "replace")
