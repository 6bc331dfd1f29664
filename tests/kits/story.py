"""A small run told by hand: three rounds, one client killed, one update refused, versions approved and rejected.

`python tests/kits/story.py` writes it to tests/fixtures/runs/story, where the tests of every face find it.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from dltui.core import events as ev
from dltui.core.events import KINDS, Event, Payload
from dltui.core.state.state import State
from dltui.rundir.journal import Journal

FIXTURE = Path(__file__).parent.parent / "fixtures" / "runs" / "story"
CLIENTS = ("client-0", "client-1", "client-2", "client-3", "client-4")
START = 1_795_478_400
"""2026-11-24T00:00:00Z."""
CONFIG = {
    "run": {"rounds": 3, "seed": 7},
    "rounds": {"require_approval": True, "min_submissions": 2, "committee": 3, "quorum": 2},
    "clients": {"count": 5, "auto_register": False},
}


def digest(*words: object) -> str:
    """A stand-in digest, 64 hex digits."""
    return hashlib.sha256(repr(words).encode()).hexdigest()


def address(id: str) -> str:
    """A stand-in address."""
    return "0x" + digest("address", id)[:40]


class Story:
    """Collects payloads; each transaction gets a block of its own."""

    def __init__(self) -> None:
        self.told: list[Payload] = []
        self.block = 0

    def tell(self, *payloads: Payload) -> None:
        self.told.extend(payloads)

    def tx(self, function: str, sender: str, gas: int) -> str:
        self.block += 1
        hash = "0x" + digest("tx", self.block)
        self.tell(
            ev.ChainBlock(number=self.block, gas_used=gas, txs=1, timestamp=START + self.block, hash=hash),
            ev.TxMined(
                hash=hash,
                function=function,
                sender=sender,
                address=address(sender),
                block=self.block,
                gas_used=gas,
                fee=gas * 10**9,
            ),
        )
        return hash

    def begin(self) -> None:
        self.tell(
            ev.RunStarted(run="story", version="0.1.0", seed=7, rounds=3, config=CONFIG),
            ev.ChainStarting(engine="embedded"),
            ev.ChainReady(engine="embedded", pid=4000, port=8545, chain_id=31337, url="http://127.0.0.1:8545"),
        )
        for name, gas in (("DataRegistry", 1_300_000), ("ModelRegistry", 1_500_000), ("FLContract", 4_200_000)):
            hash = self.tx(f"deploy {name}", "operator", gas)
            self.tell(ev.ContractDeployed(name=name, address=address(name), gas_used=gas, tx=hash))
        self.tx("setPlan", "operator", 120_000)
        self.tell(ev.PlanSet(plan=1, plan_hash=digest("plan"), committee=3, quorum=2, require_approval=True))
        self.tx("genesis", "operator", 90_000)
        self.publish(0, 0, None, None)
        for number, id in enumerate(CLIENTS):
            self.tell(
                ev.ClientSpawned(id=id, pid=4100 + number, address=address(id)),
                ev.ClientReady(id=id, pid=4100 + number, train=1440, held_out=160),
            )
        for id in CLIENTS:
            self.tx("join", id, 70_000)
            self.tell(ev.ClientPending(id=id, address=address(id), name=id))
            self.tx("commit", id, 95_000)
            self.tell(ev.DataCommitted(id=id, root=digest("root", id), count=1440, schema=digest("schema")))
        for number, id in enumerate(CLIENTS):
            self.tx("approveData", "operator", 52_000)
            self.tell(ev.DataApproved(id=id, count=1440))
            hash = self.tx("approveClient", "operator", 81_000)
            self.tell(ev.ClientRegistered(id=id, index=number, address=address(id), tx=hash))

    def publish(self, version: int, round: int, parent: int | None, accuracy_bp: int | None) -> None:
        self.tell(
            ev.ModelPublished(
                version=version,
                round=round,
                digest=digest("version", version),
                cid="bafkrei" + digest("cid", version)[:52],
                parent=parent,
                accuracy_bp=accuracy_bp,
            ),
            ev.ModelEvaluated(
                version=version, accuracy_bp=980 if parent is None else 8_700 + 200 * version, loss=0.4, samples=2000
            ),
        )

    def approve(self, version: int) -> None:
        id = f"approve-{version}"
        self.tell(
            ev.OpCommand(
                id=id,
                name="model.approve",
                args={"version": version},
                source="key",
                cli=f"dltui model approve {version}",
            )
        )
        hash = self.tx("approve", "operator", 64_210)
        self.tell(
            ev.ModelApproved(version=version, by="operator", tx=hash),
            ev.OpResult(id=id, ok=True, message=f"version {version} is approved"),
        )

    def round(self, number: int, base: int, *, dead: str = "", refused: str = "") -> None:
        seats = tuple(id for id in CLIENTS if id != dead)[number - 1 : number + 2]
        self.tx("openRound", "operator", 140_000)
        self.tell(
            ev.RoundOpened(
                round=number,
                base=base,
                base_digest=digest("version", base),
                plan_hash=digest("plan"),
                selected=CLIENTS,
                committee=seats,
                seed=digest("seed", number),
                deadline=START + self.block + 12,
            )
        )
        for id in CLIENTS:
            self.tell(
                ev.ClientProgress(
                    id=id, round=number, activity="train", epoch=1, epochs=2, batch=20, batches=45, loss=0.5
                )
            )
        if dead:
            self.tell(
                ev.ClientExited(id=dead, pid=4102, code=-9, asked=False),
                ev.RunAlert(id=f"exit-{dead}", severity="warning", text=f"{dead} ended", hint="R restarts it"),
            )
        sent = tuple(id for id in CLIENTS if id != dead)
        for id in sent:
            hash = self.tx("submit", id, 82_000)
            self.tell(
                ev.UpdateSubmitted(round=number, client=id, digest=digest("update", number, id), weight=1440, tx=hash)
            )
        if dead:
            self.tx("closeSubmissions", "client-0", 48_000)
            self.tell(ev.ClientLate(id=dead, round=number, what="submit"))
        self.tell(
            ev.RoundReporting(round=number, attempt=0, submitted=sent, committee=seats, deadline=START + self.block + 6)
        )
        for id in seats:
            self.tx("report", id, 61_000)
            self.tell(ev.RoundReported(round=number, attempt=0, member=id, available=sent))
        self.tell(ev.RoundAttesting(round=number, attempt=0, members=seats, deadline=START + self.block + 6))
        for place, id in enumerate(seats):
            self.tx("attest", id, 58_000)
            self.tell(ev.RoundAttested(round=number, attempt=0, member=id, accuracy_bp=8_600 + 200 * number + place))
        self.tx("finalise", seats[0], 210_000)
        verdicts = tuple(
            ev.VerdictRow(
                client=id,
                digest=digest("update", number, id),
                included=id != refused,
                reason="OK" if id != refused else "WRONG_BASE",
                weight=1440 if id != refused else 0,
            )
            for id in sent
        )
        self.tell(
            ev.RoundFinalised(
                round=number,
                attempt=0,
                version=number,
                digest=digest("version", number),
                verdicts_root=digest("verdicts", number),
                accuracy_bp=8_601 + 200 * number,
                agreeing=seats,
            ),
            ev.RoundIncluded(round=number, verdicts=verdicts),
        )
        self.publish(number, number, base, 8_601 + 200 * number)
        self.tell(
            ev.RoundTimed(
                round=number,
                total=4.25,
                training=1.5,
                chain=0.75,
                store=0.125,
                aggregation=0.25,
                attestation=0.5,
                waiting=1.125,
            )
        )
        if dead:
            self.tx("recordMiss", "operator", 44_000)
            self.tell(ev.ClientMissed(id=dead, round=number, misses=1))

    def end(self) -> None:
        self.tell(
            ev.ChainStopped(blocks=self.block, state_sha256=digest("state")),
            ev.RunFinished(status="done", exit_code=0),
        )


def payloads() -> list[Payload]:
    """Every event of the story in order."""
    story = Story()
    story.begin()
    story.tell(ev.DemoStep(n=1, of=2, title="Round 1", text="Everybody trains."))
    story.round(1, 0)
    story.approve(1)
    story.round(2, 1, dead="client-2")
    story.approve(2)
    story.tell(
        ev.ClientSpawned(id="client-2", pid=4202, address=address("client-2")),
        ev.ClientReady(id="client-2", pid=4202, train=1440, held_out=160),
        ev.RunAlertCleared(id="exit-client-2"),
    )
    story.round(3, 2, refused="client-4")
    hash = story.tx("reject", "operator", 71_000)
    story.tell(ev.ModelRejected(version=3, by="operator", new_base=2, tx=hash))
    story.end()
    return story.told


def told(*more: Payload, until: str = "", count: int = 1) -> State:
    """The story, up to and with the `count`-th event of a kind, and what follows it."""
    state, seen = State(), 0
    for seq, payload in enumerate(payloads(), start=1):
        state.apply(Event(seq, f"2026-11-24T00:{seq // 240:02d}:{seq // 4 % 60:02d}.000Z", payload))
        seen += isinstance(payload, KINDS[until]) if until else 0
        if until and seen == count:
            break
    for payload in more:
        state.apply(Event(state.last_seq + 1, state.last_ts, payload))
    return state


def write(directory: Path) -> str:
    """Writes the story as a journal, a quarter of a second an event; returns the last hash."""
    times = iter(range(10**6))
    journal = Journal(directory, clock=lambda: START + next(times) / 4)
    for payload in payloads():
        journal.append(payload)
    journal.close()
    return journal.head


if __name__ == "__main__":
    shutil.rmtree(FIXTURE, ignore_errors=True)
    print(write(FIXTURE / "journal"))
