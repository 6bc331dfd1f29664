"""From blocks to journal events: what the chain says, as typed facts.

A pure fold, so that `verify` can derive the same events from a re-executed chain and compare them with the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dltui.chain.contracts.describe import deployed_name, function_name
from dltui.chain.contracts.logs import decode_log
from dltui.chain.history.blocks import MinedBlock, MinedTx
from dltui.chain.types import Log
from dltui.core import events as ev
from dltui.core.client_ids import client_id
from dltui.core.events import Payload
from dltui.errors import ChainError
from dltui.protocol.ledger import (
    ABORT_REASONS,
    ATTESTING,
    BASE_REJECTED,
    OPEN,
    REPORTING,
    SUSPEND_REASONS,
    Ledger,
    RoundFacts,
    bits,
)

_PHASE_ENDS = frozenset({"ReportingStarted", "AttestingStarted", "RoundFinalised", "RoundAborted"})

FACTS: frozenset[type[Payload]] = frozenset(
    {
        ev.ChainBlock,
        ev.TxMined,
        ev.TxReverted,
        ev.ContractDeployed,
        ev.ClientPending,
        ev.ClientRegistered,
        ev.ClientRejected,
        ev.ClientSuspended,
        ev.ClientReinstated,
        ev.ClientBanned,
        ev.ClientLeaving,
        ev.ClientLeft,
        ev.ClientMissed,
        ev.ClientLate,
        ev.DataCommitted,
        ev.DataApproved,
        ev.DataGranted,
        ev.DataRevoked,
        ev.PlanSet,
        ev.RoundOpened,
        ev.UpdateSubmitted,
        ev.RoundReporting,
        ev.RoundReported,
        ev.RoundAttesting,
        ev.RoundAttested,
        ev.RoundFinalised,
        ev.RoundAborted,
        ev.ModelPublished,
        ev.ModelApproved,
        ev.ModelRejected,
    }
)
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
        self._cid = cid

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
        """The id shown for an address; strangers appear by their shortened address."""
        return self.ids.get(address, f"{address[:6]}…{address[-4:]}")

    def _meaning(self, log: Log) -> list[Payload]:
        """Fold one log and say what it means; raises ChainError where nothing on the chain led to it."""
        try:
            before = list(self._before(log))
            self.ledger.apply(log)
            return [*before, *self._fact(log)]
        except (LookupError, ValueError) as error:
            raise ChainError(
                f"{log.event} does not follow from the blocks that were read before it",
                where=f"block {log.block}",
                hint="the federation's history has a gap: read it from the block of its deployment on",
            ) from error

    def _name(self, address: str, name: str) -> None:
        self.ids[address] = client_id(name, address, self._taken)
        self._taken[self.ids[address]] = address

    def _index(self, index: int) -> str:
        return self.id_of(self.ledger.by_index[index].address)

    def _indices(self, bitmap: int) -> tuple[str, ...]:
        return tuple(self._index(i) for i in bits(bitmap))

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
        """Who was late: read from the phase that this log ends."""
        facts = self.ledger.rounds.get(log.args.get("round", 0))
        if facts is None:
            return
        if log.event not in _PHASE_ENDS or log.args.get("reason") == BASE_REJECTED:
            return
        if facts.state == OPEN:
            yield from self._late(facts, facts.selected & ~facts.submitted, "submit")
        elif facts.state == REPORTING:
            silent = facts.committee & ~sum(1 << i for i in facts.reports)
            yield from self._late(facts, silent, "report")
        elif facts.state == ATTESTING:
            yield from self._late(facts, sum(1 << i for i in facts.reports if i not in facts.attested), "attest")

    def _late(self, facts: RoundFacts, bitmap: int, what: str) -> Iterator[Payload]:
        for client in self._indices(bitmap):
            yield ev.ClientLate(id=client, round=facts.number, what=what)

    def _fact(self, log: Log) -> Iterator[Payload]:
        handler = _FACTS.get(log.event)
        if handler is not None:
            yield from handler(self, log, log.args)

    def _on_joined(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        address = args["client"]
        yield ev.ClientPending(id=self.id_of(address), address=address, name=args["name"])

    def _on_approved(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        address = args["client"]
        yield ev.ClientRegistered(id=self.id_of(address), index=args["index"], address=address, tx=log.tx)

    def _on_client_rejected(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        yield ev.ClientRejected(id=self.id_of(args["client"]), address=args["client"])

    def _on_suspended(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        reason = SUSPEND_REASONS.get(args["reason"], f"reason {args['reason']}")
        yield ev.ClientSuspended(id=self._index(args["index"]), reason=reason)

    def _on_missed(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        yield ev.ClientMissed(id=self._index(args["index"]), round=args["round"], misses=args["misses"])

    def _on_plan(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        plan = args["plan"]
        yield ev.PlanSet(
            plan=args["planId"],
            plan_hash=args["planHash"].hex(),
            committee=plan["committeeSize"],
            quorum=plan["quorum"],
            require_approval=plan["requireApproval"],
        )

    def _on_opened(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        yield ev.RoundOpened(
            round=args["round"],
            base=args["baseVersion"],
            base_digest=args["baseDigest"].hex(),
            plan_hash=args["planHash"].hex(),
            selected=self._indices(args["selected"]),
            committee=self._indices(args["committee"]),
            seed=args["seed"].hex(),
            deadline=args["deadline"],
        )

    def _on_submitted(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        yield ev.UpdateSubmitted(
            round=args["round"],
            client=self._index(args["index"]),
            digest=args["digest"].hex(),
            weight=args["weight"],
            tx=log.tx,
        )

    def _on_reporting(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        yield ev.RoundReporting(
            round=args["round"],
            attempt=args["attempt"],
            submitted=self._indices(args["submitted"]),
            committee=self._indices(args["committee"]),
            deadline=args["deadline"],
        )

    def _on_reported(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        yield ev.RoundReported(
            round=args["round"],
            attempt=args["attempt"],
            member=self._index(args["index"]),
            available=self._indices(args["available"]),
        )

    def _on_attesting(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        yield ev.RoundAttesting(
            round=args["round"],
            attempt=args["attempt"],
            members=self._indices(args["reported"]),
            deadline=args["deadline"],
        )

    def _on_attested(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        yield ev.RoundAttested(
            round=args["round"],
            attempt=args["attempt"],
            member=self._index(args["index"]),
            accuracy_bp=args["accuracyBp"],
        )

    def _on_finalised(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        yield ev.RoundFinalised(
            round=args["round"],
            attempt=args["attempt"],
            version=args["version"],
            digest=args["resultDigest"].hex(),
            verdicts_root=args["verdictsRoot"].hex(),
            accuracy_bp=args["accuracyBp"],
            agreeing=self._indices(args["agreeing"]),
        )

    def _on_aborted(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        reason = ABORT_REASONS.get(args["reason"], f"reason {args['reason']}")
        yield ev.RoundAborted(round=args["round"], attempt=args["attempt"], reason=reason)

    def _on_registered(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        version, digest = args["version"], args["digest"].hex()
        yield ev.ModelPublished(
            version=version,
            round=args["round"],
            digest=digest,
            cid=self._cid(digest),
            parent=args["parent"] if version else None,
            accuracy_bp=args["accuracyBp"] if version else None,
        )

    def _on_version_approved(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        yield ev.ModelApproved(version=args["version"], by=self.id_of(args["by"]), tx=log.tx)

    def _on_version_rejected(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        by = self.id_of(args["by"])
        yield ev.ModelRejected(version=args["version"], by=by, new_base=args["newBase"], tx=log.tx)

    def _on_committed(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        yield ev.DataCommitted(
            id=self.id_of(args["owner"]), root=args["root"].hex(), count=args["count"], schema=args["schema"].hex()
        )

    def _on_data_approved(self, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        yield ev.DataApproved(id=self.id_of(args["owner"]), count=args["count"])


def _by_index(event: Callable[..., Payload]) -> Callable[[FactStream, Log, dict[str, Any]], Iterator[Payload]]:
    def handler(stream: FactStream, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        yield event(id=stream._index(args["index"]))

    return handler


def _by_owner(event: Callable[..., Payload]) -> Callable[[FactStream, Log, dict[str, Any]], Iterator[Payload]]:
    def handler(stream: FactStream, log: Log, args: dict[str, Any]) -> Iterator[Payload]:
        yield event(id=stream.id_of(args["owner"]))

    return handler


_FACTS: dict[str, Callable[[FactStream, Log, dict[str, Any]], Iterator[Payload]]] = {
    "ClientJoined": FactStream._on_joined,
    "ClientApproved": FactStream._on_approved,
    "ClientRejected": FactStream._on_client_rejected,
    "ClientSuspended": FactStream._on_suspended,
    "ClientReinstated": _by_index(ev.ClientReinstated),
    "ClientBanned": _by_index(ev.ClientBanned),
    "ClientLeaving": _by_index(ev.ClientLeaving),
    "ClientLeft": _by_index(ev.ClientLeft),
    "MissRecorded": FactStream._on_missed,
    "PlanSet": FactStream._on_plan,
    "RoundOpened": FactStream._on_opened,
    "UpdateSubmitted": FactStream._on_submitted,
    "ReportingStarted": FactStream._on_reporting,
    "Reported": FactStream._on_reported,
    "AttestingStarted": FactStream._on_attesting,
    "Attested": FactStream._on_attested,
    "RoundFinalised": FactStream._on_finalised,
    "RoundAborted": FactStream._on_aborted,
    "VersionRegistered": FactStream._on_registered,
    "VersionApproved": FactStream._on_version_approved,
    "VersionRejected": FactStream._on_version_rejected,
    "DataCommitted": FactStream._on_committed,
    "DataApproved": FactStream._on_data_approved,
    "DataGranted": _by_owner(ev.DataGranted),
    "DataRevoked": _by_owner(ev.DataRevoked),
}

TOLD = frozenset(_FACTS)
"""The contracts' events that become facts."""
