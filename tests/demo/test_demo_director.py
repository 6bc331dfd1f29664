from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dltui.core import events as ev
from dltui.core.commands import Command
from dltui.core.events import Event, Payload
from dltui.core.journal import read
from dltui.demo.director import Director
from dltui.demo.script import Ask, Beat, Script, Wait, load
from dltui.errors import RunError

TS = "2026-11-24T00:00:00.000Z"
STORY = Path(__file__).parent.parent / "fixtures" / "runs" / "story"


def beat(title: str, wait: Wait | None = None, *commands: Ask, hold: float = 0.0) -> Beat:
    return Beat(title, f"about {title}", wait, commands, hold)


def event(payload: Payload, seq: int = 1) -> Event:
    return Event(seq, TS, payload)


OPENED = Wait("chain.ready", seconds=10)
READY = event(ev.ChainReady(engine="embedded", pid=1, port=2, chain_id=3, url=""))
APPROVE = Ask("model.approve", {"version": 1})


class Engine:
    """Takes commands; `refuse` says why one is refused."""

    def __init__(self, refuse: Callable[[Command], str] = lambda command: "") -> None:
        self.sent: list[Command] = []
        self._refuse = refuse

    def send(self, command: Command) -> None:
        self.sent.append(command)
        if why := self._refuse(command):
            raise RunError(why)

    @property
    def log(self) -> list[str]:
        return [f"step {c.args['n']}" if c.name == "demo.step" else c.name for c in self.sent]


def play(*beats: Beat, engine: Engine | None = None, pace: float = 1.0) -> tuple[Director, Engine]:
    engine = engine or Engine()
    return Director(Script("T", "", {}, beats), engine.send, pace=pace), engine


def test_a_beat_is_announced_waits_and_then_asks() -> None:
    director, engine = play(beat("one", OPENED, APPROVE), beat("two"))
    director.tick([], 0.0)
    assert engine.log == ["step 1"]
    assert engine.sent[0].args == {"n": 1, "of": 2, "title": "one", "text": "about one"}
    assert (engine.sent[0].source, engine.sent[0].actor) == ("demo", "demo")
    assert director.awaited == "chain.ready" and director.beat is not None and director.beat.title == "one"
    director.tick([], 5.0)
    assert engine.log == ["step 1"]
    director.tick([READY], 6.0)
    assert engine.log == ["step 1", "model.approve", "step 2"]
    assert director.finished and director.beat is None and director.awaited == ""
    director.tick([READY], 7.0)
    assert len(engine.sent) == 3


def test_an_event_that_came_before_its_beat_counts() -> None:
    director, engine = play(beat("one", Wait("chain.lost")), beat("two", OPENED))
    director.tick([READY], 0.0)
    director.tick([event(ev.ChainLost(reason="x"))], 1.0)
    assert director.finished and engine.log == ["step 1", "step 2"]


def test_counts() -> None:
    director, _ = play(beat("one", Wait("chain.ready", count=3)))
    director.tick([READY], 0.0)
    director.tick([READY], 1.0)
    assert not director.finished
    director.tick([READY], 2.0)
    assert director.finished


@pytest.mark.parametrize(("pace", "until"), [(1.0, 2.0), (2.0, 4.0), (0.0, 0.0)])
def test_a_beat_stays_for_its_hold_times_the_pace_and_its_command_does_not_wait(pace: float, until: float) -> None:
    director, engine = play(beat("one", None, APPROVE, hold=2.0), beat("two"), pace=pace)
    director.tick([], 10.0)
    assert engine.log[:2] == ["step 1", "model.approve"]
    if until:
        director.tick([], 10.0 + until - 0.1)
        assert engine.log == ["step 1", "model.approve"]
        director.tick([], 10.0 + until)
    assert engine.log == ["step 1", "model.approve", "step 2"]


def test_an_event_that_does_not_come_fails_the_walkthrough_by_name() -> None:
    director, _ = play(beat("zero"), beat("one", Wait("round.finalised", 2, 10.0, {"round": 3})))
    director.tick([], 0.0)
    director.tick([], 10.0)
    with pytest.raises(RunError) as error:
        director.tick([], 10.1)
    assert str(error.value) == ("beat 2 'one': 2 x round.finalised round=3 did not come within 10 s (0 of 2 came)")


def test_the_end_of_the_run_fails_a_beat_that_still_waits() -> None:
    director, _ = play(beat("one", OPENED))
    director.tick([], 0.0)
    with pytest.raises(RunError, match=r"beat 1 'one': the run ended before chain\.ready"):
        director.tick([event(ev.RunFinished(status="failed", exit_code=1))], 1.0)


def test_the_end_of_the_run_lets_beats_that_got_what_they_waited_for_go_by() -> None:
    director, engine = play(beat("one", None, hold=60.0), beat("two", Wait("run.finished"), hold=60.0))
    director.tick([], 0.0)
    director.tick([event(ev.RunFinished(status="done", exit_code=0))], 1.0)
    assert director.finished and engine.log == ["step 1"]


def test_a_refused_command_fails_the_walkthrough_by_name() -> None:
    director, _ = play(
        beat("one", None, APPROVE),
        engine=Engine(lambda command: "no version 1" if command.name == "model.approve" else ""),
    )
    with pytest.raises(RunError, match="beat 1 'one': its command was refused: no version 1"):
        director.tick([], 0.0)


def test_an_engine_that_still_starts_is_told_again_until_it_is_too_long() -> None:
    director, engine = play(beat("one", OPENED), engine=Engine(lambda command: "the engine has not started yet"))
    director.tick([], 0.0)
    director.tick([], 1.0)
    assert engine.log == ["step 1", "step 1"]
    with pytest.raises(RunError, match="beat 1 'one': it could not be announced: the engine has not started yet"):
        director.tick([], 16.0)


def test_a_recorded_run_drives_a_script() -> None:
    director, engine = play(
        beat("registered", Wait("client.registered", count=5)),
        beat("killed", Wait("client.exited", fields={"id": "client-2", "asked": False})),
        beat("refused", Wait("round.included", fields={"round": 3}), APPROVE),
        beat("end", Wait("run.finished")),
    )
    begun: dict[str, int] = {}
    for recorded in read(STORY / "journal"):
        director.tick([recorded], recorded.seq / 4)
        if director.beat is not None:
            begun.setdefault(director.beat.title, recorded.seq)
    assert director.finished
    seqs = list(begun.values())
    assert list(begun) == ["registered", "killed", "refused", "end"] and seqs == sorted(seqs) and seqs[0] == 1
    assert engine.log == ["step 1", "step 2", "step 3", "model.approve", "step 4"]


class Federation(Engine):
    """What an engine does in the tour, as far as the tour sees it."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Payload] = [READY.data]
        for name in ("ModelRegistry", "DataRegistry", "FLContract"):
            self.told.append(ev.ContractDeployed(name=name, address="0x", gas_used=1, tx=name))
        for number in range(5):
            self.told.append(ev.ClientPending(id=f"client-{number}", address="0x", name=""))
            self.told.append(ev.DataCommitted(id=f"client-{number}", root="", count=1, schema=""))
        self.registered: list[str] = []
        self.round = 0

    def send(self, command: Command) -> None:
        super().send(command)
        if command.name == "client.register":
            client = str(command.args["client"])
            self.registered.append(client)
            self.told.append(ev.ClientRegistered(id=client, index=len(self.registered) - 1, address="0x", tx="0x"))
            if len(self.registered) == 5:
                self._open()
                self._close()
        elif command.name == "client.stop":
            assert self.round == 2 and command.args == {"client": "client-2", "signal": "kill"}
            self._close()
        elif command.name == "model.approve":
            assert command.args["version"] == self.round
            if self.round == 3:
                self.told.append(ev.RunFinished(status="done", exit_code=0))
                return
            self._open()
            if self.round == 3:
                self._close()

    def _open(self) -> None:
        self.round += 1
        self.told.append(
            ev.RoundOpened(
                round=self.round,
                base=self.round - 1,
                base_digest="",
                plan_hash="",
                selected=(),
                committee=(),
                seed="",
                deadline=0,
            )
        )
        self.told.append(ev.ClientProgress(id="client-2", round=self.round, activity="train"))

    def _close(self) -> None:
        for client in self.registered:
            self.told.append(ev.UpdateSubmitted(round=self.round, client=client, digest="", weight=1, tx=""))
        self.told.append(
            ev.RoundFinalised(
                round=self.round,
                attempt=0,
                version=self.round,
                digest="",
                verdicts_root="",
                accuracy_bp=1,
                agreeing=(),
            )
        )
        self.told.append(
            ev.ModelPublished(
                version=self.round, round=self.round, digest="", cid="", parent=self.round - 1, accuracy_bp=1
            )
        )


def test_the_tour_plays_to_its_end_in_well_under_two_minutes() -> None:
    engine, now = Federation(), 0.0
    director = Director(load("tour"), engine.send)
    while not director.finished:
        events, engine.told = [event(payload) for payload in engine.told], []
        director.tick(events, now)
        now += 0.1
        assert now < 100
    assert now < 40
    assert engine.registered == [f"client-{number}" for number in range(5)]
    asked = [name for name in engine.log if not name.startswith("step")]
    assert asked == [
        *["client.register"] * 5,
        "model.approve",
        "client.stop",
        "client.restart",
        "model.approve",
        "registry.read",
        "model.approve",
    ]
