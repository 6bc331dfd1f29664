"""From blocks to journal events: what the chain says, as typed facts.

A pure fold, so that `verify` can derive the same events from a re-executed chain and compare them with the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dltui.aggregation.blobs.verdicts import Verdict
from dltui.chain.contracts.describe import deployed_name, function_name
from dltui.chain.contracts.logs import decode_log
from dltui.chain.history.blocks import MinedBlock, MinedTx
from dltui.chain.types import Log
from dltui.core import events as ev
from dltui.core.chain_states import AbortReason, RoundState
from dltui.core.client_ids import client_id
from dltui.core.client_set import ClientSet
from dltui.core.events import KINDS, LOGS, ChainFact, Payload
from dltui.core.ledger import Ledger, RoundFacts
from dltui.errors import ChainError

_PHASE_ENDS = frozenset({"ReportingStarted", "AttestingStarted", "RoundFinalised", "RoundAborted"})

FACTS: frozenset[type[Payload]] = frozenset(kind for kind in KINDS.values() if issubclass(kind, ChainFact))
"""The kinds of events that come from the chain alone."""


class FactStream:
    """Folds blocks into a ledger and yields the events that they mean, in chain order.

    Only contracts that the `operator` deployed count: a log of any other contract is nobody's fact. `explain` says why
    a transaction reverted, `cid` turns a hex digest into its CID.
    """

    def __init__(self, operator: str, explain: Callable[[MinedTx, int], str], cid: Callable[[str], str]) -> None:
        self.ledger = Ledger()
        self.contracts: dict[str, str] = {}
        """Address of each of our contracts to its name."""
        self.ids: dict[str, str] = {operator: "operator"}
        """Address to the id that is shown."""
        self._operator = operator
        self._taken: dict[str, str] = {}
        self._explain = explain
        self.cid = cid

    def of_block(self, block: MinedBlock) -> Iterator[Payload]:
        """The events of one block: the block, its transactions, and the facts in their logs.

        Raises ChainError for a log that cannot come after the blocks that were given before.
        """
        if block.txs:
            yield ev.ChainBlock(
                number=block.number,
                gas_used=block.gas_used,
                txs=len(block.txs),
                timestamp=block.timestamp,
                hash=block.hash,
                state_root=block.state_root,
            )
        for tx in block.txs:
            logs = [log for raw in tx.logs if (log := decode_log(raw, self.contracts)) is not None]
            for log in logs:
                if log.event == "ClientJoined":
                    self._name(log.args["client"], log.args["name"])
            yield from self._transaction(tx, block.number)
            for log in logs:
                yield from self._meaning(log)

    def id_of(self, address: str) -> str:
        """Return the id shown for an address; strangers appear by their shortened address."""
        return self.ids.get(address, f"{address[:6]}…{address[-4:]}")

    def client(self, index: int) -> str:
        """Return the id of the client of that index. Raises LookupError if there is none."""
        return self.id_of(self.ledger.by_index[index].address)

    def clients(self, bitmap: int) -> tuple[str, ...]:
        """Return the ids of the clients of a bitmap, the lowest index first. Raises LookupError."""
        return tuple(self.client(index) for index in ClientSet(bitmap))

    def _meaning(self, log: Log) -> list[Payload]:
        """Fold one log and say what it means; raises ChainError where nothing on the chain led to it."""
        try:
            before = list(self._before(log))
            ev.record(self.ledger, log.event, log.args)
            fact = LOGS.get(log.event)
            return before if fact is None else [*before, fact.from_log(log.args, log.tx, self)]
        except (LookupError, ValueError) as error:
            raise ChainError(
                f"{log.event} does not follow from the blocks that were read before it",
                where=f"block {log.block}",
                hint="the federation's history has a gap: read it from the block of its deployment on",
            ) from error

    def _name(self, address: str, name: str) -> None:
        self.ids[address] = client_id(name, address, self._taken)
        self._taken[self.ids[address]] = address

    def _transaction(self, tx: MinedTx, block: int) -> Iterator[Payload]:
        function = function_name(tx.to, tx.data, tx.to in self.contracts)
        common: dict[str, Any] = {
            "hash": tx.hash,
            "function": function,
            "sender": self.id_of(tx.sender),
            "address": tx.sender,
            "block": block,
            "gas_used": tx.gas_used,
            "fee": tx.fee,
        }
        if tx.status != 1:
            yield ev.TxReverted(**common, reason=self._explain(tx, block))
            return
        yield ev.TxMined(**common)
        name = deployed_name(tx.data) if tx.created is not None and tx.sender == self._operator else None
        # A second contract of the name would speak of other versions or rounds than the run's.
        second = name in self.contracts.values() and self.contracts.get(tx.created or "") != name
        if name is not None and tx.created is not None and not second:
            self.contracts[tx.created] = name
            yield ev.ContractDeployed(name=name, address=tx.created, gas_used=tx.gas_used, tx=tx.hash)

    def _before(self, log: Log) -> Iterator[Payload]:
        """Say who was late: read from the phase that this log ends."""
        facts = self.ledger.rounds.get(log.args.get("round", 0))
        if facts is None or log.event not in _PHASE_ENDS:
            return
        if log.event == "RoundAborted" and log.args["reason"] == AbortReason.BASE_REJECTED:
            return
        reported = ClientSet.of(facts.reports)
        if facts.state == RoundState.OPEN:
            yield from self._late(facts, facts.selected - facts.submitted, "submit")
        elif facts.state == RoundState.REPORTING:
            yield from self._late(facts, facts.committee - reported, "report")
        elif facts.state == RoundState.ATTESTING:
            yield from self._late(facts, reported - ClientSet.of(facts.attested), "attest")

    def _late(self, facts: RoundFacts, clients: ClientSet, what: str) -> Iterator[Payload]:
        for index in clients:
            yield ev.ClientLate(id=self.client(index), round=facts.number, what=what)


def included(facts: FactStream, number: int, verdicts: tuple[Verdict, ...]) -> ev.RoundIncluded:
    """Return the event that tells the verdicts of a round, with the ids of the clients."""
    rows = tuple(
        ev.VerdictRow(
            client=facts.id_of(facts.ledger.by_index[v.client].address),
            digest=v.digest,
            included=v.included,
            reason=v.reason.name,
            weight=v.weight,
        )
        for v in verdicts
    )
    return ev.RoundIncluded(round=number, verdicts=rows)
