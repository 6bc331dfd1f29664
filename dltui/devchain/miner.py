"""From arriving transactions to blocks: what comes within a short window shares a block."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import deque
from dataclasses import dataclass, field

from dltui.chain.nodes.genesis import GAS_LIMIT
from dltui.chain.transactions import Refused, Transaction, check_transaction, decode_transaction
from dltui.devchain.fair_queue import is_stranger
from dltui.devchain.stored_chain import NoBlock, StoredChain

log = logging.getLogger(__name__)

REMEMBERED = 4096
"""How many of the newest transaction hashes `taken_since` knows."""


MAX_WAITING = 4096
"""Most transactions that wait for a block."""
STRANGERS_WAITING = 64
"""Most transactions of one sender that wait, if strangers sent them."""
STRANGERS_GAS = 10_000_000
"""Most gas of a block, in gas limits, for transactions that strangers sent: py-evm takes 5 s for it."""


@dataclass
class Ticket:
    """A transaction on its way: `done` is set when it is in a block, or when `error` says why it never is."""

    tx: Transaction
    stranger: bool = False
    done: threading.Event = field(default_factory=threading.Event)
    error: Refused | None = None


class Miner(threading.Thread):
    """Mines what `submit` took, in order of arrival, `batch_ms` milliseconds after the first of a batch.

    Of what strangers sent, a block has `STRANGERS_GAS` at most; what they send does not hold up what comes after it.

    There is no queue for later nonces: a transaction must be the sender's next one after those still waiting.
    """

    def __init__(self, chain: StoredChain, batch_ms: int = 20) -> None:
        super().__init__(name="miner", daemon=True)
        self._chain = chain
        self._window = batch_ms / 1000
        self._queue: list[Ticket] = []
        self._count = 0
        self._hashes: deque[bytes] = deque(maxlen=REMEMBERED)
        self._arrived = threading.Event()
        self._stopping = threading.Event()

    def submit(self, raw: bytes) -> Ticket:
        """Take a signed transaction for the next block; raises `Refused` if it cannot be in one."""
        tx, stranger = decode_transaction(raw, self._chain.machine.chain_id), is_stranger()
        if stranger and tx.gas > STRANGERS_GAS:
            raise Refused(f"gas limit too high: have {tx.gas}, a transaction from outside the run has {STRANGERS_GAS}")
        with self._chain.lock:
            if self._stopping.is_set():
                raise Refused("the node is stopping")
            if self.waiting(tx.hash) is not None or self._chain.index.transaction(tx.hash) is not None:
                raise Refused("already known")
            waiting = [ticket.tx for ticket in self._queue if ticket.tx.sender == tx.sender]
            if len(self._queue) >= MAX_WAITING or (stranger and len(waiting) >= STRANGERS_WAITING):
                raise Refused("txpool is full")
            balance = self._chain.machine.balance(tx.sender) - sum(other.highest_cost for other in waiting)
            base_fee = self._chain.machine.next_header(self._chain.now).base_fee_per_gas
            check_transaction(tx, self.next_nonce(tx.sender), balance, base_fee)
            ticket = Ticket(tx, stranger)
            self._queue.append(ticket)
            self._hashes.append(tx.hash)
            self._count += 1
        self._arrived.set()
        self._chain.news.notify()
        return ticket

    def taken_since(self, count: int) -> tuple[int, list[bytes]]:
        """Return how many transactions were ever taken, and the hashes of those after the first `count`."""
        with self._chain.lock:
            new = min(self._count - count, len(self._hashes))
            return self._count, list(self._hashes)[len(self._hashes) - new :]

    def waiting(self, tx_hash: bytes) -> Transaction | None:
        """Return the transaction with this hash, if it waits for a block."""
        with self._chain.lock:
            return next((ticket.tx for ticket in self._queue if ticket.tx.hash == tx_hash), None)

    def next_nonce(self, sender: bytes) -> int:
        """Return the nonce of the sender's next transaction, after those that wait for a block."""
        with self._chain.lock:
            nonces = [ticket.tx.nonce for ticket in self._queue if ticket.tx.sender == sender]
            return max(nonces) + 1 if nonces else self._chain.machine.nonce(sender)

    def run(self) -> None:
        """Mine until stopped; a block that cannot be stored fails its transactions, not the thread."""
        while True:
            self._arrived.wait()
            self._stopping.wait(self._window)
            with self._chain.queue.run(), self._chain.lock:
                batch = self._take()
                if not self._queue:
                    self._arrived.clear()
                if batch:
                    self._mine(batch)
                elif self._stopping.is_set():
                    return
            if self._stopping.is_set():
                self._arrived.set()

    def stop(self) -> None:
        """Mine what was taken, then end the thread."""
        with self._chain.lock:
            self._stopping.set()
        self._arrived.set()
        self.join()

    def _take(self) -> list[Ticket]:
        """Return the longest beginning of the queue that fits into a block; strangers have a limit of their own."""
        batch: list[Ticket] = []
        rest: list[Ticket] = []
        late: set[bytes] = set()
        gas = strangers = 0
        for position, ticket in enumerate(self._queue):
            share = ticket.tx.gas if ticket.stranger else 0
            if ticket.tx.sender in late or strangers + share > STRANGERS_GAS:
                late.add(ticket.tx.sender)
                rest.append(ticket)
                continue
            if gas + ticket.tx.gas > GAS_LIMIT:
                rest += self._queue[position:]
                break
            batch.append(ticket)
            gas, strangers = gas + ticket.tx.gas, strangers + share
        self._queue = rest
        return batch

    def _mine(self, batch: list[Ticket]) -> None:
        try:
            refused = self._chain.mine([ticket.tx.raw for ticket in batch]).refused
        except NoBlock as none:
            refused = none.refused
        except sqlite3.Error as error:
            log.error("a block cannot be stored: %s", error)
            refused = dict.fromkeys(range(len(batch)), Refused(f"the node cannot store the block: {error}"))
        except Exception as error:
            log.exception("a block cannot be made")
            name = type(error).__name__
            refused = dict.fromkeys(range(len(batch)), Refused(f"the node cannot make the block: {name}"))
        for position, ticket in enumerate(batch):
            ticket.error = refused.get(position)
            ticket.done.set()
