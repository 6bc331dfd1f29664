"""`verify`: is a run's directory what happened? All is derived again from transactions and blobs, and compared."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from dltui.chain.nodes import statefile
from dltui.config.sections import Config
from dltui.core import events as ev
from dltui.core.events import Event, Payload
from dltui.devchain.stored_chain import STATE_FILE
from dltui.errors import ChainError, MismatchError
from dltui.files import file_sha256
from dltui.learning.plan import LearningPlan
from dltui.protocol.demo_keys import operator_key
from dltui.protocol.facts import FactStream
from dltui.rundir.paths import RunPaths
from dltui.store import BlobStore, cid, open_store
from dltui.verify import causes, lineage, metadata, plans, record, results, story, tree
from dltui.verify import facts as journal_facts
from dltui.verify.reexecution import Reexecution
from dltui.verify.remote import Recorded
from dltui.verify.report import NOT_CHECKED, Step

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much (0: unknown)."""


def verify(
    paths: RunPaths,
    say: Callable[[Step], None],
    progress: Progress = lambda what, done, of: None,
    *,
    measure: bool = True,
    node: str = "",
) -> None:
    """Check a run that has no engine; `say` gets each step, found equal or not checked, `progress` how far it is.

    Without `measure` no version is measured on the test split again. A run on a node by its address is compared with
    `node`, or with the one that it names. Raises MismatchError naming the first difference,
    RunError if an engine still runs it or there is no journal.
    """
    record.refuse_live(paths)
    say(Step("files", tree.check(paths)))
    events, summary = record.read_journal(paths, say)
    config = record.read_config(paths, events)
    operator = _operator(paths, config)
    with tempfile.TemporaryDirectory(prefix="dltui-verify-") as scratch:
        if config.chain.is_url:
            again: Reexecution | Recorded = Recorded(paths, config, events, operator, node)
        else:
            again = Reexecution(paths, Path(scratch))
        stream = _verify_chain(paths, config, events, operator, again, say, progress)
    store = open_store(str(paths.blobs))
    _verify_results(config, events, stream, store, say, progress)
    if summary is not None:
        record.compare_summary(paths, events, summary)
        say(Step("summary", "summary.json is what the journal adds up to"))
    if any(isinstance(event.data, ev.ModelEvaluated) for event in events):
        say(_measured(config, events, stream, store, progress, measure))
    if untold := story.untold(events, stream.ledger.versions):
        say(Step("untold", f"the journal of a run that is done does not tell {', '.join(untold)}", NOT_CHECKED))


def _verify_chain(
    paths: RunPaths,
    config: Config,
    events: list[Event],
    operator: str,
    again: Reexecution | Recorded,
    say: Callable[[Step], None],
    progress: Progress,
) -> FactStream:
    """Check chain, facts, state and claims; returns the chain's facts."""
    finished = isinstance(events[-1].data, ev.RunFinished)
    metadata.check_engine(paths, config, events, again.log.engine)
    stream = FactStream(operator, lambda tx, block: "", cid)
    if config.chain.federation:
        stream.contracts |= {address: name for name, address in metadata.described(paths)["addresses"].items()}
    federations: set[str] = set()
    try:
        derived = _facts(again, stream, federations, paths.txs, progress)
        # An engine that died wrote every block but the last one to the journal.
        complete = again.log.last_block - (0 if finished else 1)
        count = journal_facts.compare(derived, events, complete, str(paths.journal))
        if isinstance(again, Recorded):
            again.compare_logs(stream.contracts)
    finally:
        again.close()
    chain = metadata.Chain(again.chain_id, again.log.last_block, stream, frozenset(federations))
    metadata.check(paths, config, events, operator, chain)
    for step in again.steps():
        say(step)
    say(Step("facts", f"{count} facts of the journal are those of the chain, none is missing"))
    causes.check(events, str(paths.journal))
    if isinstance(again, Reexecution):
        story.check_block_times(events, again.began, again.standard, str(paths.journal))
        say(Step("state", _compare_state(paths, events, again, finished)))
    plans.check(stream.ledger.plans, config, str(paths.config))
    return stream


def _verify_results(
    config: Config,
    events: list[Event],
    stream: FactStream,
    store: BlobStore,
    say: Callable[[Step], None],
    progress: Progress,
) -> None:
    progress("hashing blobs", 0, 0)
    say(Step("blobs", f"{results.rehash(store)} blobs hash to their names"))
    results.check_plans(stream, store)
    say(Step("versions", f"{results.check_versions(stream, store.get)} versions load from their manifests"))
    progress("recomputing rounds", 0, 0)
    told = [event.data for event in events if isinstance(event.data, ev.RoundIncluded)]
    ours, others = results.recompute(stream, LearningPlan.of(config), store, told)
    say(Step("rounds", f"{ours} rounds recomputed to the same digests and verdicts"))
    if others:
        text = f"{others} rounds under other plans: only their verdicts are compared with the root on chain"
        say(Step("older rounds", text, NOT_CHECKED))


def _measured(
    config: Config, events: list[Event], stream: FactStream, store: BlobStore, progress: Progress, measure: bool
) -> Step:
    if not measure:
        return Step("accuracy", "the versions were not measured again, as asked", NOT_CHECKED)
    progress("loading torch", 0, 0)
    # It takes seconds to import, and only this step needs it.
    from dltui.verify import measured

    return measured.check(config, events, stream.ledger.versions, store.get, progress)


def _facts(
    again: Reexecution | Recorded, stream: FactStream, federations: set[str], log: Path, progress: Progress
) -> Iterator[tuple[int, Payload]]:
    """The facts of the chain's blocks, each with its block's number; `federations` gets the ids of those deployed."""
    for block in again.blocks():
        progress(again.doing, block.number, again.log.last_block)
        federations |= metadata.federation_ids(block)
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
    return str(metadata.described(paths).get("operator", ""))


def _compare_state(paths: RunPaths, events: list[Event], again: Reexecution, finished: bool) -> str:
    if again.standard:
        _compare_state_hash(events, paths.chain / STATE_FILE, again.state_limit)
        rows, remark = again.compare_state(finished)
        return f"{rows} rows of the node's state file compared{remark}"
    _compare_state_hash(events, paths.chain / statefile.STATE_FILE, again.state_limit)
    count = again.compare_accounts()
    return f"{count} accounts with their storage compared" if count else "none: the node was killed and left no state"


def _compare_state_hash(events: list[Event], path: Path, limit: int) -> None:
    closed = [e.data for e in events if isinstance(e.data, (ev.ChainStopped, ev.ChainReady))]
    last = closed[-1] if closed else None
    if isinstance(last, ev.ChainStopped) and last.state_sha256 not in ("", file_sha256(path, limit)):
        raise MismatchError("is not the file that the run closed (SHA-256 differs)", where=str(path))
