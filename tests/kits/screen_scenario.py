"""A run as events, made by hand with a fixed clock, and a session that hands it out."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from dltui.core.answers import Estimate, encode
from dltui.core.commands import COMMANDS, Command
from dltui.core.events import (
    ChainBlock,
    ChainReady,
    ChainStarting,
    ClientExited,
    ClientLate,
    ClientPending,
    ClientProgress,
    ClientReady,
    ClientRegistered,
    ClientSpawned,
    ContractDeployed,
    DataApproved,
    DataCommitted,
    DemoStep,
    Event,
    ModelApproved,
    ModelEvaluated,
    ModelPublished,
    OpCommand,
    OpResult,
    Payload,
    PlanSet,
    RoundAttested,
    RoundAttesting,
    RoundFinalised,
    RoundIncluded,
    RoundOpened,
    RoundReported,
    RoundReporting,
    RoundTimed,
    RunAlert,
    RunFinished,
    RunStarted,
    TxMined,
    UpdateSubmitted,
    VerdictRow,
)
from dltui.core.state.entities import Step
from dltui.errors import RunError
from dltui.rundir.journal import timestamp

START = 1_795_529_000.0
"""Unix seconds of the first event."""
GAS = {"submit": 81_930, "report": 52_114, "attest": 58_406, "openRound": 164_220, "finalise": 143_871}


ESTIMATE = Estimate(calls=("ModelRegistry.approve",), gas=64_210, fee=64_210 * 10**9, sender="0x" + "ab" * 20)


class Script:
    """Collects events; each call moves the clock."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.now = START
        self.block = 0

    def say(self, *payloads: Payload, after: float = 0.1) -> Script:
        for payload in payloads:
            self.now += after
            self.events.append(Event(len(self.events) + 1, timestamp(self.now), payload))
        return self

    def mine(self, function: str, sender: str, gas: int | None = None) -> str:
        """A transaction in a block of its own; returns its hash."""
        self.block += 1
        used = GAS.get(function, 70_000) if gas is None else gas
        tx = f"0x{self.block:064x}"
        self.say(
            TxMined(hash=tx, function=function, sender=sender, address="0x" + "ab" * 20, block=self.block,
                    gas_used=used, fee=used * 10**9),
            ChainBlock(number=self.block, gas_used=used, txs=1, timestamp=int(self.now), hash="0x" + "cd" * 32),
        )  # fmt: skip
        return tx


def address(n: int) -> str:
    return f"0x{n + 0x71C2:040x}"


def started(script: Script, *, clients: int = 5, rounds: int = 10, approval: bool = True) -> Script:
    """The chain is up, contracts are deployed, the first clients registered; the last one is pending."""
    config = {
        "run": {"rounds": rounds, "seed": 1},
        "rounds": {"require_approval": approval, "quorum": 2},
        "clients": {"count": clients, "auto_register": False},
        "data": {"parts": clients + 2},
    }
    script.say(
        RunStarted(run="7f3a91", version="0.1.0", seed=1, rounds=rounds, config=config),
        ChainStarting(engine="embedded"),
        ChainReady(engine="embedded", pid=4121, port=41033, chain_id=31337, url="http://127.0.0.1:41033"),
    )
    for name, gas in (("DataRegistry", 1_204_331), ("ModelRegistry", 1_512_907), ("FLContract", 3_961_442)):
        tx = script.mine(f"deploy {name}", "operator", gas)
        script.say(ContractDeployed(name=name, address=address(900), gas_used=gas, tx=tx))
    script.say(PlanSet(plan=1, plan_hash="5e" * 32, committee=3, quorum=2, require_approval=approval))
    script.say(
        ModelPublished(version=0, round=0, digest="aa40" * 16, cid="bafkreigenesis", parent=None, accuracy_bp=None)
    )
    script.say(ModelApproved(version=0, by="operator", tx=script.mine("genesis", "operator")))
    for n in range(clients):
        name = f"client-{n}"
        script.say(ClientSpawned(id=name, pid=5000 + n, address=address(n), part=n))
        script.say(ClientReady(id=name, pid=5000 + n, train=1600, held_out=160))
        script.mine("join", name)
        script.say(ClientPending(id=name, address=address(n), name=name))
        script.say(DataCommitted(id=name, root="0x" + "11" * 32, count=1600, schema="0x" + "22" * 32))
        if n < clients - 1:
            script.say(DataApproved(id=name, count=1600))
            tx = script.mine("approveClient", "operator")
            script.say(ClientRegistered(id=name, index=n, address=address(n), tx=tx))
    return script


def train(script: Script, number: int, members: Iterable[str], *, loss: float, accuracy: int, epoch: int = 3) -> None:
    for at, name in enumerate(members):
        script.say(
            ClientProgress(id=name, round=number, activity="training", epoch=epoch, epochs=3, batch=40, batches=50,
                           loss=loss + at / 100, accuracy_bp=accuracy - 10 * at)
        )  # fmt: skip


def opened(script: Script, number: int, members: tuple[str, ...], committee: tuple[str, ...], base: int) -> None:
    script.mine("openRound", "operator")
    script.say(
        RoundOpened(round=number, base=base, base_digest="aa" * 32, plan_hash="5e" * 32, selected=members,
                    committee=committee, seed="0x" + "77" * 32, deadline=int(script.now) + 60)
    )  # fmt: skip


def submitted(script: Script, number: int, name: str) -> None:
    tx = script.mine("submit", name)
    script.say(UpdateSubmitted(round=number, client=name, digest=f"{number:02x}" * 32, weight=1600, tx=tx))


def whole_round(script: Script, number: int, members: tuple[str, ...], accuracy: int) -> None:
    """One round from its opening to its version."""
    committee = members[:3]
    opened(script, number, members, committee, number - 1)
    train(script, number, members, loss=1.4 / number, accuracy=accuracy)
    for name in members:
        submitted(script, number, name)
    script.say(RoundReporting(round=number, attempt=0, submitted=members, committee=committee,
                              deadline=int(script.now) + 10))  # fmt: skip
    for name in committee:
        script.mine("report", name)
        script.say(RoundReported(round=number, attempt=0, member=name, available=members))
    script.say(RoundAttesting(round=number, attempt=0, members=committee, deadline=int(script.now) + 10))
    for name in committee:
        script.mine("attest", name)
        script.say(RoundAttested(round=number, attempt=0, member=name, accuracy_bp=accuracy))
    digest = f"{0x1B07 * number % 65536:04x}" * 16
    rows = tuple(
        VerdictRow(client=name, digest=f"{number:02x}" * 32, included=True, reason="OK", weight=1600)
        for name in members
    )
    script.say(RoundIncluded(round=number, verdicts=rows))
    script.mine("finalise", members[0])
    script.say(
        RoundFinalised(round=number, attempt=0, version=number, digest=digest, verdicts_root="0x" + "33" * 32,
                       accuracy_bp=accuracy, agreeing=committee),
        ModelPublished(version=number, round=number, digest=digest, cid=f"bafkreiv{number}", parent=number - 1,
                       accuracy_bp=accuracy),
        ModelEvaluated(version=number, accuracy_bp=accuracy - 40, loss=1.2 / number, samples=1000),
        RoundTimed(round=number, total=8.2, training=4.6, chain=0.9, store=0.4, aggregation=0.7, attestation=0.8,
                   waiting=0.8),
    )  # fmt: skip


def approved(script: Script, version: int) -> None:
    script.say(
        OpCommand(id=f"c{version}", name="model.approve", args={"version": version}, source="key",
                  cli=f"dltui model approve {version}")
    )  # fmt: skip
    tx = script.mine("approve", "operator")
    script.say(ModelApproved(version=version, by="operator", tx=tx))
    script.say(OpResult(id=f"c{version}", ok=True, message=f"version {version} is released"))


def live() -> Script:
    """Round 3 of 10 is training: one client is late, one has exited, one is pending; v2 is released."""
    script = started(Script(), clients=8)
    members = tuple(f"client-{n}" for n in range(7))
    for number, accuracy in ((1, 8640), (2, 8912)):
        whole_round(script, number, members, accuracy)
        approved(script, number)
    opened(script, 3, members, members[2:5], 2)
    train(script, 3, members, loss=0.281, accuracy=9150, epoch=2)
    for name in members[:4]:
        submitted(script, 3, name)
    script.say(ClientExited(id="client-6", pid=5006, code=-9))
    script.say(ClientLate(id="client-5", round=3, what="submit"))
    script.say(
        RunAlert(id="late:client-5", severity="warning", text="client-5 is late with its update",
                 hint="K stops it, the round goes on without it at the deadline")
    )  # fmt: skip
    return script


def awaiting() -> Script:
    """Round 1 is finalised and v1 waits for the operator; a walkthrough speaks."""
    script = started(Script(), clients=5, rounds=3)
    whole_round(script, 1, tuple(f"client-{n}" for n in range(4)), 8640)
    script.say(
        DemoStep(n=5, of=9, title="A version is approved",
                 text="The committee agreed on one digest, so version 1 is in the registry. Nothing starts from it "
                 "before the operator says so: press a, or wait a moment.")
    )  # fmt: skip
    return script


def finished() -> Script:
    """Three rounds, all approved, the run is done."""
    script = started(Script(), clients=5, rounds=3)
    for number, accuracy in ((1, 8640), (2, 8912), (3, 9120)):
        whole_round(script, number, tuple(f"client-{n}" for n in range(4)), accuracy)
        approved(script, number)
    return script.say(RunFinished(status="done", exit_code=0))


class FakeSession:
    """Hands out events as a test feeds them and remembers what was sent."""

    def __init__(self, events: Iterable[Event] = (), *, read_only: bool = False) -> None:
        self.waiting = list(events)
        self.sent: list[Command] = []
        self.arrived = threading.Event()
        self.read_only = read_only
        self.finished = False
        self.refuse = ""
        self.answers: dict[str, str] = {}
        """Command name to what the engine would answer."""
        self.asked: list[Command] = []

    def events(self) -> list[Event]:
        out, self.waiting = self.waiting, []
        if any(isinstance(event.data, RunFinished) for event in out):
            self.finished = True
        return out

    def send(self, command: Command) -> str:
        if COMMANDS[command.name].query:
            self.asked.append(command)
            return self.answers.get(command.name, encode(ESTIMATE))
        if self.refuse:
            raise RunError(self.refuse)
        self.sent.append(command)
        self.arrived.set()
        return self.answers.get(command.name, "")


class Leader:
    """A walkthrough that does nothing and has nothing more to tell."""

    def __init__(self) -> None:
        self.paused = False
        self.speed = 1.0
        self.finished = True
        self.step: Step | None = None
        self.skipped = 0
        self.asks: set[tuple[str, str]] = set()

    def sends(self, name: str, client: str = "") -> bool:
        """Whether a test says so."""
        return (name, client) in self.asks

    def tick(self, new_events: list[Event], now: float) -> None:
        """Is told, and does nothing."""

    def skip(self) -> None:
        """Counts."""
        self.skipped += 1
