from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from dltui.core import events as ev
from dltui.core.commands import Command
from dltui.core.events import Event, Payload
from dltui.core.format import unix
from dltui.demo.director import HOLD_SECONDS, Director
from dltui.demo.expectations import Claim
from dltui.demo.script import Ask, Beat, Script, Wait, load
from dltui.errors import RunError
from dltui.rundir.journal import read

TS = "2026-11-24T00:00:00.000Z"
STORY = Path(__file__).parents[2] / "fixtures" / "runs" / "story"


def beat(
    title: str, wait: Wait | None = None, *commands: Ask, hold: float = 0.0, expect: tuple[Claim, ...] = ()
) -> Beat:
    return Beat(title, f"about {title}", wait, commands, expect, hold, 10.0)


def awaits(kind: str, count: int = 1, seconds: float = 60.0, **fields: object) -> Wait:
    return Wait(Claim(kind, count, dict(fields)), seconds)


def event(payload: Payload, seq: int = 1) -> Event:
    return Event(seq, TS, payload)


OPENED = awaits("chain.ready", seconds=10)
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


def play(*beats: Beat, engine: Engine | None = None, speed: float = 1.0) -> tuple[Director, Engine]:
    engine = engine or Engine()
    return Director(Script("T", "", {}, beats), engine.send, speed=speed), engine


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
    director, engine = play(beat("one", awaits("chain.lost")), beat("two", OPENED))
    director.tick([READY], 0.0)
    director.tick([event(ev.ChainLost(reason="x"))], 1.0)
    assert director.finished and engine.log == ["step 1", "step 2"]


def test_counts() -> None:
    director, _ = play(beat("one", awaits("chain.ready", 3)))
    director.tick([READY], 0.0)
    director.tick([READY], 1.0)
    assert not director.finished
    director.tick([READY], 2.0)
    assert director.finished


@pytest.mark.parametrize(("speed", "until"), [(1.0, 2.0), (0.5, 4.0), (4.0, 0.5)])
def test_a_beat_stays_for_its_hold_by_the_speed_and_its_command_does_not_wait(speed: float, until: float) -> None:
    director, engine = play(beat("one", None, APPROVE, hold=2.0), beat("two"), speed=speed)
    director.tick([], 10.0)
    assert engine.log[:2] == ["step 1", "model.approve"]
    director.tick([], 10.0 + until - 0.1)
    assert engine.log == ["step 1", "model.approve"]
    director.tick([], 10.0 + until)
    assert engine.log == ["step 1", "model.approve", "step 2"]


def test_an_event_that_does_not_come_fails_the_walkthrough_by_name() -> None:
    director, _ = play(beat("zero"), beat("one", awaits("round.finalised", 2, 10.0, round=3)))
    director.tick([], 0.0)
    director.tick([], 10.0)
    with pytest.raises(RunError) as error:
        director.tick([], 10.1)
    assert str(error.value) == (
        "beat 2/2 'one': expected 2 x round.finalised round=3 within 10 s, but no round.finalised came"
    )


def test_the_end_of_the_run_fails_a_beat_that_still_waits() -> None:
    director, _ = play(beat("one", OPENED))
    director.tick([], 0.0)
    with pytest.raises(RunError, match=r"beat 1/1 'one': expected chain\.ready, but the run ended"):
        director.tick([event(ev.RunFinished(status="failed", exit_code=1))], 1.0)


def test_the_end_of_the_run_lets_beats_that_got_what_they_waited_for_go_by() -> None:
    director, engine = play(beat("one", None, hold=60.0), beat("two", awaits("run.finished"), hold=60.0))
    director.tick([], 0.0)
    director.tick([event(ev.RunFinished(status="done", exit_code=0))], 1.0)
    assert engine.log == ["step 1"] and director.step is not None and director.step.title == "two"
    director.tick([], 60.9)
    assert not director.finished
    director.tick([], 61.0)
    assert director.finished and director.step is None


def test_a_refused_command_fails_the_walkthrough_by_name() -> None:
    director, _ = play(
        beat("one", None, APPROVE),
        engine=Engine(lambda command: "no version 1" if command.name == "model.approve" else ""),
    )
    with pytest.raises(RunError, match="beat 1/1 'one': its command was refused: no version 1"):
        director.tick([], 0.0)


def test_an_engine_that_still_starts_is_told_again_until_it_is_too_long() -> None:
    director, engine = play(beat("one", OPENED), engine=Engine(lambda command: "the engine has not started yet"))
    director.tick([], 0.0)
    director.tick([], 1.0)
    assert engine.log == ["step 1", "step 1"]
    with pytest.raises(RunError, match="beat 1/1 'one': it could not be announced: the engine has not started yet"):
        director.tick([], 16.0)


def test_a_recorded_run_drives_a_script() -> None:
    director, engine = play(
        beat("registered", awaits("client.registered", 5)),
        beat("killed", awaits("client.exited", id="client-2", asked=False)),
        beat("refused", awaits("round.included", round=3), APPROVE),
        beat("end", awaits("run.finished")),
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


def test_a_beat_ends_when_its_claims_have_come_true() -> None:
    lost = Claim("chain.lost")
    director, engine = play(beat("one", OPENED, APPROVE, expect=(lost,)), beat("two"))
    director.tick([READY], 0.0)
    assert engine.log == ["step 1", "model.approve"] and director.awaited == "chain.lost"
    director.tick([event(ev.ChainLost(reason="x"))], 9.0)
    assert engine.log == ["step 1", "model.approve", "step 2"]


def test_a_claim_that_does_not_come_true_fails_by_name_and_says_what_there_was_instead() -> None:
    wanted = Claim("client.late", 1, {"id": "b", "what": "submit"})
    director, _ = play(beat("one", OPENED, expect=(wanted,)))
    director.tick([], 0.0)
    director.tick([READY, event(ev.ClientLate(id="a", round=1, what="submit"))], 9.0)
    director.tick([], 19.0)
    with pytest.raises(RunError) as error:
        director.tick([], 19.1)
    assert str(error.value) == (
        "beat 1/1 'one': expected client.late id=b what=submit within 10 s, "
        "but the last client.late had id=a, what=submit"
    )
    assert error.value.exit_code == 1


def test_what_must_not_have_happened_is_looked_at_when_the_beat_ends() -> None:
    quiet = Claim("chain.lost", 0)
    director, engine = play(beat("one", hold=2.0, expect=(quiet,)), beat("two", expect=(quiet,)))
    director.tick([], 0.0)
    director.tick([], 2.0)
    assert engine.log == ["step 1", "step 2"] and director.finished
    director, engine = play(beat("one", hold=2.0, expect=(quiet,)))
    director.tick([], 0.0)
    director.tick([event(ev.ChainLost(reason="x"))], 1.0)
    with pytest.raises(RunError, match=r"beat 1/1 'one': expected no chain\.lost, but 1 came"):
        director.tick([], 2.0)


def test_the_end_of_the_run_fails_a_claim_that_is_still_open() -> None:
    director, _ = play(beat("one", expect=(Claim("chain.lost"),)))
    with pytest.raises(RunError, match=r"expected chain\.lost, but the run ended \(no chain\.lost came\)"):
        director.tick([event(ev.RunFinished(status="done", exit_code=0))], 0.0)


def test_a_paused_beat_stays_does_its_work_and_goes_on() -> None:
    director, engine = play(beat("one", OPENED, APPROVE, hold=1.0), beat("two"))
    director.paused = True
    director.tick([], 0.0)
    director.tick([READY], 1.0)
    director.tick([], 1e6)
    assert engine.log == ["step 1", "model.approve"] and not director.finished
    director.paused = False
    director.tick([], 1e6)
    assert engine.log == ["step 1", "model.approve", "step 2"]


def test_skipping_ends_the_hold_of_one_beat_but_waits_for_its_events() -> None:
    director, engine = play(beat("one", OPENED, hold=60.0), beat("two", hold=60.0), beat("three"))
    director.paused = True
    director.skip()
    director.tick([], 0.0)
    assert engine.log == ["step 1"]
    director.tick([READY], 1.0)
    assert engine.log == ["step 1", "step 2"]
    director.tick([], 2.0)
    assert engine.log == ["step 1", "step 2"]
    director.skip()
    director.paused = False
    director.tick([], 3.0)
    assert director.finished


TOUR = list(read(STORY.parent / "walkthrough" / "journal"))


def retell(events: Sequence[Event]) -> Director:
    """The tour's script against a recording of it, an event at a time by the clock of the recording."""
    director = Director(load("tour"), lambda command: None, speed=1000.0)
    for told in events:
        director.tick([told], unix(told.ts) or 0.0)
    director.tick([], (unix(events[-1].ts) or 0.0) + 1.0)
    return director


def test_what_the_tour_tells_is_so_in_a_recording_of_it() -> None:
    assert retell(TOUR).finished
    seconds = (unix(TOUR[-1].ts) or 0.0) - (unix(TOUR[0].ts) or 0.0)
    assert seconds < 100


def changed(kind: str, fields: dict[str, object], **to: object) -> list[Event]:
    """The recording with the events of a kind that have these fields told otherwise; without `to`, left out."""
    out = []
    for told in TOUR:
        hit = told.kind == kind and all(getattr(told.data, name) == value for name, value in fields.items())
        if hit and not to:
            continue
        out.append(Event(told.seq, told.ts, msgspec.structs.replace(told.data, **to)) if hit else told)
    return out


@pytest.mark.parametrize(
    ("kind", "fields", "to", "words"),
    [
        ("chain.ready", {}, {}, "beat 1/15: expected chain.ready"),
        ("contract.deployed", {"name": "DataRegistry"}, {"name": "Other"}, "beat 2/15: expected contract"),
        ("client.ready", {"id": "client-3"}, {"train": 10}, "beat 3/15: expected 5 x client.ready"),
        ("data.approved", {"id": "client-2"}, {}, "beat 4/15: expected data.approved id=client-2"),
        ("round.opened", {"round": 1}, {"selected": ("client-0",)}, "beat 6/15: expected round.opened"),
        ("round.included", {"round": 1}, {"verdicts": ()}, "beat 7/15: expected"),
        ("round.opened", {"round": 2}, {"base": 0}, "beat 9/15: expected round.opened round=2"),
        ("client.exited", {"code": -9}, {"code": 0}, "beat 9/15: expected client.exited"),
        ("round.reporting", {"round": 2}, {"submitted": ("client-2",)}, "beat 10/15: expected"),
        ("update.submitted", {"round": 3, "client": "client-2"}, {}, "beat 12/15: expected"),
        ("op.result", {}, {"ok": False}, "beat 13/15: expected op.result"),
        ("model.approved", {"version": 3}, {}, "beat 14/15: expected model.approved version=3"),
        ("run.finished", {}, {"status": "failed"}, "beat 15/15: expected run.finished status=done"),
    ],
)  # fmt: skip
def test_a_beat_fails_by_its_name_where_what_it_tells_is_not_so(
    kind: str, fields: dict[str, object], to: dict[str, object], words: str
) -> None:
    with pytest.raises(RunError) as error:
        retell(changed(kind, fields, **to))
    beat, _, expected = words.partition(": ")
    assert error.value.where.startswith(f"{beat} '") and error.value.message.startswith(expected)


def led(*beats: Beat, speed: float = 1.0) -> tuple[Director, Engine]:
    engine = Engine()
    return Director(Script("T", "", {}, beats), engine.send, speed=speed, read=True), engine


def holds(engine: Engine) -> list[float]:
    return [c.args["seconds"] for c in engine.sent if c.name == "demo.hold"]


def without_holds(engine: Engine) -> list[str]:
    return [word for word in engine.log if word != "demo.hold"]


def test_a_beat_is_read_while_the_run_is_held_and_only_then_does_it_wait_and_ask() -> None:
    """22 words take 22 / 3.5 seconds; the engine is told again before it forgets."""
    long = Beat("Two words", " ".join(["word"] * 20), OPENED, (APPROVE,), (), 0.0, 10.0)
    director, engine = led(long, beat("two"))
    director.tick([READY], 0.0)
    for tenth in range(1, 62):
        director.tick([], tenth / 10)
    assert without_holds(engine) == ["step 1"] and holds(engine) == [HOLD_SECONDS] * 7
    director.tick([], 6.3)
    assert without_holds(engine) == ["step 1", "model.approve", "step 2"] and holds(engine)[-2:] == [0.0, HOLD_SECONDS]


@pytest.mark.parametrize(("speed", "until"), [(1.0, 5.0), (2.0, 2.5), (0.5, 10.0)])
def test_few_words_take_five_seconds_by_the_speed(speed: float, until: float) -> None:
    director, engine = led(beat("one"), beat("two"), speed=speed)
    director.tick([], 0.0)
    director.tick([], until - 0.1)
    assert without_holds(engine) == ["step 1"]
    director.tick([], until)
    assert without_holds(engine) == ["step 1", "step 2"]


def test_the_key_for_the_next_beat_ends_the_reading_and_a_pause_prolongs_it() -> None:
    director, engine = led(beat("one"), beat("two"), beat("three"))
    director.tick([], 0.0)
    director.skip()
    director.tick([], 0.1)
    assert without_holds(engine) == ["step 1", "step 2"]
    director.paused = True
    for second in range(1, 60):
        director.tick([], float(second))
    assert without_holds(engine) == ["step 1", "step 2"] and holds(engine).count(HOLD_SECONDS) > 50
    director.paused = False
    director.tick([], 61.0)
    assert without_holds(engine) == ["step 1", "step 2", "step 3"]


def test_a_still_beat_keeps_the_run_held_until_the_next_one_has_been_read() -> None:
    still = Beat("one", "about one", None, (APPROVE,), (Claim("chain.lost"),), 0.0, 30.0, True)
    director, engine = led(still, beat("two", OPENED))
    director.tick([], 0.0)
    for second in range(5, 10):
        director.tick([], float(second))
    assert without_holds(engine) == ["step 1", "model.approve"] and 0.0 not in holds(engine)
    director.tick([event(ev.ChainLost(reason="x"))], 10.0)
    director.tick([], 14.0)
    assert without_holds(engine)[-1] == "step 2" and 0.0 not in holds(engine)
    director.tick([], 15.0)
    assert holds(engine)[-1] == 0.0
    director.tick([READY], 16.0)
    assert director.finished


def test_without_a_reader_nothing_is_held() -> None:
    director, engine = play(beat("one"), beat("two"))
    director.tick([], 0.0)
    assert engine.log == ["step 1", "step 2"] and director.finished


def test_the_last_beat_is_read_though_the_run_has_ended() -> None:
    director, _ = led(beat("one"), beat("two", awaits("run.finished")))
    director.tick([event(ev.RunFinished(status="done", exit_code=0))], 0.0)
    director.tick([], 4.9)
    assert not director.finished
    director.tick([], 5.0)
    assert director.finished
