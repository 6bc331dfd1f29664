"""One sentence an event, for event panes and the line printer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from dltui.core import events as ev
from dltui.core import format as fmt
from dltui.core.events import Event, Payload
from dltui.core.views.time import NAMES


class EventRow(msgspec.Struct, frozen=True):
    """A line of the event pane. `group` is run, chain, tx, client, data, round, model, cmd, demo or alert."""

    time: str
    group: str
    text: str
    severity: str
    """info, good, warning or error."""


_GROUPS = {"contract": "chain", "update": "round", "plan": "round", "op": "cmd"}

_WARNINGS: tuple[type[Payload], ...] = (
    ev.ClientLate,
    ev.ClientMissed,
    ev.ClientSuspended,
    ev.ClientRejected,
    ev.ClientBanned,
    ev.DataRevoked,
    ev.ModelRejected,
    ev.RoundAborted,
    ev.RoundExcused,
    ev.RunPaused,
)
_ERRORS: tuple[type[Payload], ...] = (ev.ChainLost, ev.TxReverted)
_GOOD: tuple[type[Payload], ...] = (ev.RoundFinalised, ev.ModelApproved, ev.ClientRegistered)


def event_row(event: Event) -> EventRow:
    """The event as a line: time of day (UTC), group, sentence, severity."""
    data = event.data
    say = _SENTENCES.get(type(data))
    text = say(data) if say else event.kind
    group = event.kind.partition(".")[0]
    group = "alert" if event.kind.startswith("run.alert") else _GROUPS.get(group, group)
    return EventRow(fmt.time_of_day(event.ts), group, text, _severity(data))


def _severity(data: Payload) -> str:
    if isinstance(data, ev.RunAlert):
        return "error" if data.severity == "error" else "warning"
    if isinstance(data, ev.RunFinished):
        return "good" if data.status == "done" else "warning" if data.status == "stopped" else "error"
    if isinstance(data, ev.OpResult):
        return "good" if data.ok else "error"
    if isinstance(data, ev.ClientExited):
        return "info" if data.asked else "error"
    if isinstance(data, ev.RoundIncluded):
        return "info" if all(row.included for row in data.verdicts) else "warning"
    if isinstance(data, _ERRORS):
        return "error"
    return "warning" if isinstance(data, _WARNINGS) else "good" if isinstance(data, _GOOD) else "info"


def _progress(data: ev.ClientProgress) -> str:
    parts = [f"{data.id} {data.activity} r{data.round}"]
    if data.epochs:
        parts.append(f"epoch {data.epoch}/{data.epochs}")
    if data.batches:
        parts.append(f"batch {data.batch}/{data.batches}")
    if data.loss is not None:
        parts.append(f"loss {fmt.number(data.loss)}")
    if data.accuracy_bp is not None:
        parts.append(f"result at {fmt.accuracy(data.accuracy_bp)}")
    return "  ".join(parts)


def _included(data: ev.RoundIncluded) -> str:
    out = [f"{row.client} {row.reason}" for row in data.verdicts if not row.included]
    counted = len(data.verdicts) - len(out)
    return f"r{data.round} {counted} of {fmt.plural(len(data.verdicts), 'update')} included" + (
        f", refused: {fmt.names(out, 8)}" if out else ""
    )


def _alert(data: ev.RunAlert) -> str:
    held = "held: a screen is attached: " if data.held else ""
    return held + data.text + (f" - {data.hint}" if data.hint else "")


def _exited(data: ev.ClientExited) -> str:
    return f"{data.id} (pid {data.pid}) {fmt.ending(data.code)}" + (", as the operator asked" if data.asked else "")


def _published(data: ev.ModelPublished) -> str:
    if data.parent is None:
        return f"version {data.version} is the first model  {fmt.short(data.digest)}"
    acc = f"  committee {fmt.accuracy(data.accuracy_bp)}" if data.accuracy_bp is not None else ""
    return f"version {data.version} verified, from version {data.parent}  {fmt.short(data.digest)}{acc}"


def _timed(data: ev.RoundTimed) -> str:
    parts = ("training", "chain", "store", "aggregation", "attestation", "waiting")
    told = [(p, getattr(data, p)) for p in parts]
    if data.phases is not None:
        told = [(NAMES[name], seconds) for name, seconds in msgspec.structs.asdict(data.phases).items()]
    split = "  ".join(f"{part} {fmt.duration(seconds)}" for part, seconds in told)
    return f"r{data.round} took {fmt.duration(data.total)}: {split}"


def _finished(data: ev.RunFinished) -> str:
    return f"run {data.status}, exit code {data.exit_code}" + (f": {data.reason}" if data.reason else "")


def _reporting(data: ev.RoundReporting) -> str:
    if data.attempt:
        return f"r{data.round} attempt {data.attempt + 1}: new committee {fmt.names(data.committee, 16)}"
    return f"r{data.round} submissions closed with {fmt.plural(len(data.submitted), 'update')}"


def _tx(data: ev.TxMined) -> str:
    return f"{data.function}  {data.sender}  block {data.block}  gas {data.gas_used:,}"


_SENTENCES: dict[type[Payload], Callable[[Any], str]] = {
    ev.RunStarted: lambda d: f"run {d.run} started: {fmt.plural(d.rounds, 'round')}, seed {d.seed}, dltui {d.version}",
    ev.RunPaused: lambda d: f"paused by {d.by}: no new round opens",
    ev.RunResumed: lambda d: f"resumed by {d.by}",
    ev.RunFinished: _finished,
    ev.RunAlert: lambda d: (
        ("held: a screen is attached: " if d.held else "") + d.text + (f" - {d.hint}" if d.hint else "")
    ),
    ev.RunAlertCleared: lambda d: f"cleared: {d.id}",
    ev.ChainStarting: lambda d: f"starting the {d.engine} chain" + (f" ({d.reason})" if d.reason else ""),
    ev.ChainReady: lambda d: (
        f"{d.engine} chain ready {'at ' + d.url if d.engine == 'url' else f'on port {d.port}'}, chain id {d.chain_id}"
    ),
    ev.ChainBlock: lambda d: f"block {d.number}  {d.txs} tx  {d.gas_used:,} gas",
    ev.ChainLost: lambda d: f"chain lost: {d.reason}",
    ev.ChainRewound: lambda d: f"chain back at block {d.block}",
    ev.ChainStopped: lambda d: f"chain stopped after {fmt.plural(d.blocks, 'block')}",
    ev.ContractDeployed: lambda d: f"{d.name} deployed at {fmt.short(d.address)}  gas {d.gas_used:,}",
    ev.TxMined: _tx,
    ev.TxReverted: lambda d: f"{d.function}  {d.sender}  reverted: {d.reason}  gas {d.gas_used:,}",
    ev.ClientSpawned: lambda d: f"{d.id} started, pid {d.pid}",
    ev.ClientReady: lambda d: f"{d.id} ready: {d.train:,} records to train on, {d.held_out:,} held out",
    ev.ClientPending: lambda d: f"{d.id} asks to join" + (f' as "{d.name}"' if d.name not in ("", d.id) else ""),
    ev.ClientRegistered: lambda d: f"{d.id} registered  {fmt.short(d.address)}",
    ev.ClientRejected: lambda d: f"{d.id} refused",
    ev.ClientSuspended: lambda d: f"{d.id} suspended: {d.reason}",
    ev.ClientReinstated: lambda d: f"{d.id} reinstated",
    ev.ClientBanned: lambda d: f"{d.id} banned",
    ev.ClientLeaving: lambda d: f"{d.id} leaves after its round",
    ev.ClientLeft: lambda d: f"{d.id} left",
    ev.ClientProgress: _progress,
    ev.ClientLate: lambda d: f"{d.id} is late: no {d.what} in r{d.round} by the deadline",
    ev.ClientMissed: lambda d: f"{d.id} missed r{d.round}, {d.misses} in a row",
    ev.ClientExited: _exited,
    ev.DataDescribed: lambda d: (
        f"{d.dataset}: {fmt.plural(d.records, 'record')} of {d.schema}, {d.test:,} of them to test on  {d.sha256[:12]}"
    ),
    ev.DataCommitted: lambda d: f"{d.id} committed to {fmt.plural(d.count, 'record')}  {fmt.short(d.root)}",
    ev.DataApproved: lambda d: f"{d.id} weighs {fmt.plural(d.count, 'approved record')}",
    ev.DataRevoked: lambda d: f"{d.id} withdrew the use of its data",
    ev.DataGranted: lambda d: f"{d.id} allows the use of its data",
    ev.PlanSet: lambda d: f"plan {d.plan}  {fmt.short(d.plan_hash)}  quorum {d.quorum} of {d.committee}",
    ev.RoundOpened: lambda d: (
        f"r{d.round} opened from version {d.base}: {fmt.plural(len(d.selected), 'client')}, "
        f"committee {fmt.names(d.committee, 16)}"
    ),
    ev.UpdateSubmitted: lambda d: f"r{d.round} update from {d.client}  {fmt.short(d.digest)}  weight {d.weight:,}",
    ev.RoundReporting: _reporting,
    ev.RoundReported: lambda d: f"r{d.round} {d.member} holds {fmt.plural(len(d.available), 'update')}",
    ev.RoundAttesting: lambda d: f"r{d.round} {fmt.names(d.members, 16)} recompute and attest",
    ev.RoundAttested: lambda d: f"r{d.round} {d.member} attested  {fmt.accuracy(d.accuracy_bp)}",
    ev.RoundIncluded: _included,
    ev.RoundFinalised: lambda d: (
        f"r{d.round} finalised: version {d.version}  committee {fmt.accuracy(d.accuracy_bp)}  "
        f"{fmt.plural(len(d.agreeing), 'equal seal')}"
    ),
    ev.RoundAborted: lambda d: f"r{d.round} aborted: {d.reason}",
    ev.RoundExcused: lambda d: f"r{d.round} misses count for nobody: {d.reason}",
    ev.RoundTimed: _timed,
    ev.ModelDescribed: lambda d: (
        f"{d.model}: {fmt.plural(d.parameters, 'parameter')}, {fmt.megabytes(d.bytes)} an update, "
        f"about {fmt.duration(d.round_seconds)} of training a round on {d.device} (estimated)"
    ),
    ev.ModelPublished: _published,
    ev.ModelApproved: lambda d: f"version {d.version} approved by {d.by}",
    ev.ModelRejected: lambda d: f"version {d.version} rejected by {d.by}, next base is version {d.new_base}",
    ev.ModelEvaluated: lambda d: (
        f"version {d.version} on the test split: acc {fmt.accuracy(d.accuracy_bp, 4)}  loss {fmt.number(d.loss)}"
    ),
    ev.OpCommand: lambda d: f"{d.source}: {d.name}" + (f"  {d.cli}" if d.cli else ""),
    ev.OpResult: lambda d: ("done: " if d.ok else "refused: ") + d.message,
    ev.DemoStep: lambda d: f"{d.n}/{d.of} {d.title}",
    ev.Unknown: lambda d: f"{d.kind} (of a newer version)",
}
