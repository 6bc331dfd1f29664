"""`verify`: is a run's directory what happened? All is derived again from transactions and blobs, and compared."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dltui.chain.facts import FactStream
from dltui.config import Config, load
from dltui.core import events as ev
from dltui.core.events import Event, Payload
from dltui.core.journal import read
from dltui.core.jsontext import decode_json
from dltui.core.plan import plan_hash
from dltui.core.state import State
from dltui.core.summary import summarise
from dltui.engine.house import check_config, file_sha256
from dltui.engine.keys import operator_key
from dltui.engine.specs import terms_of
from dltui.errors import ChainError, ConfigError, MismatchError, RunError
from dltui.paths import RunPaths
from dltui.store import Store, cid
from dltui.verify import claims, lineage, plans, results
from dltui.verify import facts as journal_facts
from dltui.verify.chain import Reexecution
from dltui.verify.foreign import Recorded
from dltui.verify.report import Step


def verify(paths: RunPaths, say: Callable[[Step], None]) -> None:
    """Check a run that has no engine; `say` gets each step that was found equal.

    Raises MismatchError naming the first difference, RunError where an engine still runs it or there is no journal.
    """
    _refuse_live(paths)
    events, summary = _journal(paths)
    finished = isinstance(events[-1].data, ev.RunFinished)
    unfinished = "" if finished else "; the run did not finish, so facts of its last block may be missing"
    say(Step("journal", f"{len(events)} events, every line follows the one before{unfinished}"))
    config = _config(paths, events)
    with tempfile.TemporaryDirectory(prefix="dltui-verify-") as scratch:
        _verify_chain(paths, config, events, finished, Path(scratch), say)
    if summary is not None:
        _compare_summary(paths, events, summary)
        say(Step("summary", "summary.json is what the journal adds up to"))


def _verify_chain(
    paths: RunPaths, config: Config, events: list[Event], finished: bool, scratch: Path, say: Callable[[Step], None]
) -> None:
    operator = _operator(paths, config)
    again = Recorded(paths, config, events, operator) if config.chain.is_url else Reexecution(paths, scratch)
    stream = FactStream(operator, lambda tx, block: "", cid)
    if config.chain.federation:
        stream.contracts |= {address: name for name, address in claims.described(paths)["addresses"].items()}
    federations: set[str] = set()
    try:
        derived = _facts(again, stream, federations, paths.txs)
        # An engine that died wrote every block but the last one to the journal.
        complete = again.log.last_block - (0 if finished else 1)
        count = journal_facts.compare(derived, events, complete, str(paths.journal))
        if isinstance(again, Recorded):
            again.compare_logs(stream.contracts)
    finally:
        again.close()
    chain = claims.Chain(again.chain_id, again.log.last_block, stream, frozenset(federations))
    claims.check(paths, config, events, operator, chain)
    say(Step("chain", again.said()))
    say(Step("facts", f"{count} facts of the journal are those of the chain, none is missing"))
    if isinstance(again, Reexecution):
        say(Step("state", _compare_state(paths, events, again, finished)))
    plans.check(stream.ledger.plans, config, str(paths.config))
    store = Store(str(paths.blobs))
    say(Step("blobs", f"{results.rehash(store)} blobs hash to their names"))
    say(Step("versions", f"{results.check_versions(stream, store.get)} versions load from their manifests"))
    told = [event.data for event in events if isinstance(event.data, ev.RoundIncluded)]
    ours, others = results.recompute(stream, plan_hash(config), terms_of(config), store, told)
    older = f"; {others} under other plans, whose verdicts have the root that is on chain" if others else ""
    say(Step("rounds", f"{ours} rounds recomputed to the same digests and verdicts{older}"))


def _facts(
    again: Reexecution | Recorded, stream: FactStream, federations: set[str], log: Path
) -> Iterator[tuple[int, Payload]]:
    """The facts of the chain's blocks, each with its block's number; `federations` gets the ids of those deployed."""
    for block in again.blocks():
        federations |= claims.federation_ids(block)
        try:
            facts = list(stream.of_block(block))
        except ChainError as error:
            raise MismatchError(error.message, where=f"{log}, {error.where}") from error
        lineage.check(block, stream)
        yield from ((block.number, payload) for payload in facts)


def _operator(paths: RunPaths, config: Config) -> str:
    """The operator's address; that of a keystore is in run.json, and facts of another address would not fit."""
    if not config.chain.keystore:
        return operator_key(config.run.seed).address
    return str(claims.described(paths).get("operator", ""))


def _refuse_live(paths: RunPaths) -> None:
    if not paths.lock.exists():
        return
    descriptor = os.open(paths.lock, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RunError("an engine still runs it", where=paths.id, hint="verify it when it has finished") from None
    finally:
        os.close(descriptor)


def _journal(paths: RunPaths) -> tuple[list[Event], dict[str, Any] | None]:
    summary: dict[str, Any] | None = None
    head = None
    if paths.summary.exists():
        try:
            summary = dict(decode_json(paths.summary.read_bytes()))
            head = str(summary["journal"]["head"])
        except (ValueError, KeyError, TypeError) as error:
            raise MismatchError("is not a summary", where=str(paths.summary)) from error
    events = list(read(paths.journal, head=head))
    if not events:
        raise RunError("has no journal", where=str(paths.root))
    if isinstance(events[-1].data, ev.RunFinished) and summary is None:
        raise MismatchError("the run finished, but its summary is missing", where=str(paths.summary))
    return events, summary


def _config(paths: RunPaths, events: list[Event]) -> Config:
    try:
        config = load(paths.config)
    except ConfigError as error:
        raise MismatchError(error.message, where=error.where) from error
    try:
        check_config(config, events[0], str(paths.config))
    except ConfigError as error:
        raise MismatchError("is not the configuration that the run started with", where=error.where) from error
    return config


def _compare_state(paths: RunPaths, events: list[Event], again: Reexecution, finished: bool) -> str:
    if again.standard:
        _compare_state_hash(events, paths.chain / "state.sqlite")
        rows, remark = again.compare_state(finished)
        return f"{rows} rows of the node's state file compared{remark}"
    _compare_state_hash(events, paths.chain / "state.json")
    count = again.compare_accounts()
    return f"{count} accounts with their storage compared" if count else "none: the node was killed and left no state"


def _compare_state_hash(events: list[Event], path: Path) -> None:
    closed = [e.data for e in events if isinstance(e.data, (ev.ChainStopped, ev.ChainReady))]
    last = closed[-1] if closed else None
    if isinstance(last, ev.ChainStopped) and last.state_sha256 not in ("", file_sha256(path)):
        raise MismatchError("is not the file that the run closed (SHA-256 differs)", where=str(path))


def _compare_summary(paths: RunPaths, events: list[Event], summary: dict[str, Any]) -> None:
    state = State()
    for event in events:
        state.apply(event)
    derived = json.loads(json.dumps(summarise(state, summary["journal"]["head"])))
    for key in sorted({*derived, *summary}):
        value = derived.get(key)
        if key not in derived or summary.get(key) != value:
            raise MismatchError(
                f"{key} is {summary.get(key)!r}, the journal gives {value!r}"[:300], where=str(paths.summary)
            )
