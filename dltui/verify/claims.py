"""What journal and `run.json` claim beside the chain's facts, held against configuration, genesis and chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dltui import exits
from dltui.chain import artifacts
from dltui.chain.blocks import MinedBlock
from dltui.chain.chain_id import own_chain_id
from dltui.chain.describe import deployed_name
from dltui.chain.facts import FactStream
from dltui.chain.ledger import FINALISED
from dltui.config import Config
from dltui.core import events as ev
from dltui.core.events import Event
from dltui.engine.house import read_run_json
from dltui.errors import MismatchError, RunError
from dltui.paths import RunPaths


@dataclass(frozen=True)
class Chain:
    """What the chain came to: its id, the last block of its log, and its facts."""

    id: int
    last_block: int
    stream: FactStream
    federation_ids: frozenset[str]
    """In hex, of the FLContracts that were deployed (none where the run attached to one of another operator)."""


def federation_ids(block: MinedBlock) -> frozenset[str]:
    """The ids (hex) of the federations whose FLContract this block deployed."""
    start = len(artifacts.artifact("FLContract").bytecode)
    return frozenset(
        tx.data[start : start + 32].hex()
        for tx in block.txs
        if tx.created is not None and tx.status == 1 and deployed_name(tx.data) == "FLContract"
    )


def described(paths: RunPaths) -> dict[str, Any]:
    """`run.json`; raises MismatchError where it is missing or damaged: every run has one before its first event."""
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
    _check_end(events, config, chain)
    _check_contracts(document, config, operator, chain, str(paths.run_json))


def _check_start(data: Any, config: Config, document: dict[str, Any], where: str) -> None:
    assert isinstance(data, ev.RunStarted)  # the configuration was read from it
    _same(where, "the seed of run.started", data.seed, config.run.seed, "config.toml has")
    _same(where, "the number of rounds of run.started", data.rounds, config.run.rounds, "config.toml has")
    _same(where, "the run of run.started", data.run, document.get("run", data.run), "run.json has")


def _check_end(events: Sequence[Event], config: Config, chain: Chain) -> None:
    last = events[-1]
    if not isinstance(last.data, ev.RunFinished):
        return
    where = f"event {last.seq}"
    if (last.data.status == "failed") != (last.data.exit_code != exits.OK):
        raise MismatchError(f"a run that is {last.data.status} has no exit code {last.data.exit_code}", where=where)
    finalised = sum(facts.state == FINALISED for facts in chain.stream.ledger.rounds.values())
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
        _same(where, "the chain id of its federation", own, chain.id, "genesis has")
    if chain.federation_ids and document.get("federation_id") not in chain.federation_ids:
        raise MismatchError(f"has not the federation_id of the chain, {', '.join(chain.federation_ids)}", where=where)


def _federation_id(document: dict[str, Any], where: str) -> bytes:
    try:
        return bytes.fromhex(document["federation_id"])
    except (KeyError, TypeError, ValueError) as error:
        raise MismatchError("names no federation_id", where=where) from error


def _same(where: str, what: str, told: Any, found: Any, by: str) -> None:
    if told != found:
        raise MismatchError(f"{what} is {told}, {by} {found}"[:400], where=where)
