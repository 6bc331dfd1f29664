"""What journal and `run.json` claim beside the chain's facts, held against configuration, genesis and chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dltui import exits
from dltui.chain.contracts.describe import deployment
from dltui.chain.history.blocks import MinedBlock
from dltui.chain.nodes import statefile
from dltui.chain.nodes.choice import URL
from dltui.chain.nodes.genesis import own_chain_id
from dltui.config.sections import Config
from dltui.core import events as ev
from dltui.core.chain_states import RoundState
from dltui.core.events import Event
from dltui.devchain.stored_chain import STATE_FILE
from dltui.errors import MismatchError, RunError
from dltui.protocol.demo_keys import client_key
from dltui.protocol.facts import FactStream
from dltui.rundir.metadata import RunFields, read_run_json
from dltui.rundir.paths import RunPaths
from dltui.verify import story

STATE_FILES = (STATE_FILE, statefile.STATE_FILE)
"""Where the nodes of a run's own keep their state."""


@dataclass(frozen=True)
class Chain:
    """What the chain came to: its id, the last block of its log, and its facts."""

    id: int
    last_block: int
    stream: FactStream
    federation_ids: frozenset[str]
    """In hex, of the FLContracts that were deployed (none if the run attached to one of another operator)."""


def federation_ids(block: MinedBlock) -> frozenset[str]:
    """The ids (hex) of the federations whose FLContract this block deployed."""
    made = [deployment(tx.data) for tx in block.txs if tx.created is not None and tx.status == 1]
    return frozenset(found[1][:32].hex() for found in made if found is not None and found[0] == "FLContract")


def described(paths: RunPaths) -> dict[str, Any]:
    """`run.json`; raises MismatchError if it is missing or damaged: every run has one before its first event."""
    try:
        return read_run_json(paths)
    except RunError as error:
        raise MismatchError(error.message, where=error.where) from error


def check(paths: RunPaths, config: Config, events: Sequence[Event], operator: str, chain: Chain) -> None:
    """Raise MismatchError at the first claim that is not so. A field that an older run does not have is passed over."""
    document = described(paths)
    _check_start(events[0].data, config, document, str(paths.journal))
    for event in events:
        if isinstance(event.data, ev.ChainReady):
            _same(f"event {event.seq}", "chain id", event.data.chain_id, chain.id, "the transactions are for")
            if not config.chain.is_url:
                own = f"http://127.0.0.1:{event.data.port}"
                _same(
                    f"event {event.seq}", "the node's address", event.data.url, own, "of a node of the run's own it is"
                )
    _check_clients(events, config)
    _check_end(events, config, chain)
    _check_fields(document, events[0].data, str(paths.run_json))
    _check_contracts(document, config, operator, chain, str(paths.run_json))


def _check_fields(document: dict[str, Any], began: Any, where: str) -> None:
    assert isinstance(began, ev.RunStarted)
    unknown = set(document) - set(RunFields.__struct_fields__)
    if unknown and not story.newer(began.version, where):
        raise MismatchError(f"has the unknown field {min(unknown)[:80]}", where=where)


def _check_start(data: Any, config: Config, document: dict[str, Any], where: str) -> None:
    assert isinstance(data, ev.RunStarted)  # the configuration was read from it
    _same(where, "the seed of run.started", data.seed, config.run.seed, "config.toml has")
    _same(where, "the number of rounds of run.started", data.rounds, config.run.rounds, "config.toml has")
    _same(where, "the run of run.started", data.run, document.get("run", data.run), "run.json has")


def check_engine(paths: RunPaths, config: Config, events: Sequence[Event], engine: str) -> None:
    """Raise MismatchError unless all of the run tells of the one engine that made its transaction log.

    A chain of the run's own must not pass as one on another's node, which nobody can execute again.
    """
    by = "the transaction log is of"
    chosen = URL if config.chain.is_url else engine if config.chain.engine == "auto" else config.chain.engine
    _same(str(paths.config), "the chain's engine", chosen, engine, by)
    for event in events:
        if isinstance(event.data, (ev.ChainStarting, ev.ChainReady)):
            _same(f"event {event.seq}", "the chain's engine", event.data.engine, engine, by)
    if not any(isinstance(event.data, ev.ChainReady) for event in events):
        raise MismatchError("no chain.ready says on which node the run was", where=str(paths.journal))
    if engine == URL:
        own = next(
            (path for path in (paths.genesis, *(paths.chain / name for name in STATE_FILES)) if path.exists()), None
        )
        if own is not None:
            raise MismatchError(
                "is of a chain of the run's own, and the run is told to be on another's", where=str(own)
            )


def _check_clients(events: Sequence[Event], config: Config) -> None:
    """A client has as many records to train on as it committed to; a demo's has the address of its slice."""
    committed: dict[str, set[int]] = {}
    for event in events:
        if isinstance(event.data, ev.DataCommitted):
            committed.setdefault(event.data.id, set()).add(event.data.count)
    for event in events:
        data = event.data
        if isinstance(data, ev.ClientSpawned) and data.part is not None and not config.chain.keystore:
            own = client_key(config.run.seed, data.part).address
            _same(f"event {event.seq}", f"the address of {data.id}", data.address, own, "the seed gives")
        if isinstance(data, ev.ClientReady) and data.train not in committed.get(data.id, {data.train}):
            counts = ", ".join(map(str, sorted(committed[data.id])))
            raise MismatchError(
                f"{data.id} has {data.train} records, and committed to {counts}", where=f"event {event.seq}"
            )


def _check_end(events: Sequence[Event], config: Config, chain: Chain) -> None:
    last = events[-1]
    if not isinstance(last.data, ev.RunFinished):
        return
    where = f"event {last.seq}"
    if (last.data.status == "failed") != (last.data.exit_code != exits.OK):
        raise MismatchError(f"a run that is {last.data.status} has no exit code {last.data.exit_code}", where=where)
    finalised = sum(facts.state == RoundState.FINALISED for facts in chain.stream.ledger.rounds.values())
    if last.data.status == "done" and finalised < config.run.rounds:
        raise MismatchError(f"the run is told done, with {finalised} of {config.run.rounds} rounds", where=where)
    nodes = [event for event in events if isinstance(event.data, (ev.ChainReady, ev.ChainStopped))]
    if nodes and isinstance(nodes[-1].data, ev.ChainStopped):
        _same(f"event {nodes[-1].seq}", "the last block", nodes[-1].data.blocks, chain.last_block, "the log ends with")


def _check_contracts(document: dict[str, Any], config: Config, operator: str, chain: Chain, where: str) -> None:
    _same(where, "the operator", document.get("operator", operator), operator, "the run's is")
    told, contracts = document["addresses"], chain.stream.contracts
    for name in sorted({*told, *(contracts.values() if chain.stream.ledger.plans else ())}):
        # The addresses are written before the plan is set.
        if contracts.get(told.get(name)) != name:
            raise MismatchError(f"names {told.get(name)} as {name}, which the chain does not", where=where)
    if config.chain.federation:
        fl = str(told.get("FLContract")).lower()
        _same(where, "its FLContract", fl, config.chain.federation.lower(), "config.toml has")
    if not config.chain.is_url:
        own = own_chain_id(config.chain.chain_id, config.chain.keystore, _federation_id(document, where))
        if own != chain.id:
            raise MismatchError(f"names a federation with chain id {own}, genesis has {chain.id}", where=where)
    if chain.federation_ids and document.get("federation_id") not in chain.federation_ids:
        raise MismatchError(f"has not the federation_id of the chain, {', '.join(chain.federation_ids)}", where=where)


def _federation_id(document: dict[str, Any], where: str) -> bytes:
    try:
        return bytes.fromhex(document["federation_id"])
    except (KeyError, TypeError, ValueError) as error:
        raise MismatchError("names no federation_id", where=where) from error


def _same(where: str, what: str, told: Any, found: Any, by: str) -> None:
    if told != found:
        raise MismatchError(f"{what} is told {told}, {by} {found}"[:400], where=where)
