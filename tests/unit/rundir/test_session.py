from __future__ import annotations

import contextlib
import json
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.core import events as ev
from dltui.core.commands import decode, new_command
from dltui.core.format import unix
from dltui.core.state.state import State
from dltui.errors import MismatchError, RunError
from dltui.rundir.journal import Journal, read
from dltui.rundir.session import LiveSession, ReplaySession
from tests.kits.story import FIXTURE, START, payloads

STOP = new_command("run.stop", "key")
ALL = list(read(FIXTURE / "journal"))


@pytest.fixture
def run_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dl") as folder:
        yield Path(folder)


@contextlib.contextmanager
def engine(run_dir: Path, answer: Callable[[bytes], bytes]) -> Iterator[list[bytes]]:
    """A stand-in engine: one thread that answers each line on the control socket."""
    path, received = run_dir / "s", []
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen()
    (run_dir / "run.json").write_text(json.dumps({"run": "x", "pid": 1, "socket": str(path)}))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    line = connection.makefile("rb").readline()
                    if line:
                        received.append(line)
                        connection.sendall(answer(line))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        assert not thread.is_alive()


def yes(line: bytes) -> bytes:
    return json.dumps({"id": json.loads(line)["id"], "ok": True, "message": "done"}).encode() + b"\n"


def test_a_live_session_follows_the_journal_until_the_run_has_finished(run_dir: Path) -> None:
    session = LiveSession(run_dir)
    assert session.events() == []
    journal = Journal(run_dir / "journal")
    told = payloads()
    seen = []
    for payload in told[:-1]:
        journal.append(payload)
        seen += session.events()
    assert not session.finished and not session.read_only
    journal.append(told[-1])
    seen += session.events()
    assert session.finished
    assert [event.data for event in seen] == told
    assert session.events() == []


def test_the_end_that_a_resumed_run_goes_on_from_does_not_count(run_dir: Path) -> None:
    journal = Journal(run_dir / "journal")
    journal.append(ev.RunStarted(run="x", version="1", seed=1, rounds=1, config={}))
    journal.append(ev.RunFinished(status="stopped", exit_code=130))
    session = LiveSession(run_dir, after=journal.seq)
    session.events()
    assert not session.finished
    journal.append(ev.RunResumed(by="operator"))
    journal.append(ev.RunFinished(status="done", exit_code=0))
    session.events()
    assert session.finished


def test_a_damaged_journal_is_named(run_dir: Path) -> None:
    Journal(run_dir / "journal").append(ev.ChainLost(reason="x"))
    path = run_dir / "journal" / "000001.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"seq":1', b'"seq":7'))
    with pytest.raises(MismatchError, match="event 7 where 1 is due"):
        LiveSession(run_dir).events()


def test_a_command_reaches_the_engine_as_one_line(run_dir: Path) -> None:
    with engine(run_dir, yes) as received:
        session = LiveSession(run_dir)
        session.send(STOP)
        assert session.alive()
    assert [decode(line) for line in received] == [STOP]
    assert not session.alive()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b'{"id":"x","ok":false,"message":"version 7 was never published"}\n', "version 7 was never published"),
        (b'{"id":"x","ok":false,"message":"\\u001b[2Jevil"}\n', r"^evil$"),
        (b'{"id":"x","ok":"yes"}\n', "^run.stop was refused$"),
        (b"[]\n", "refused"),
        (b"garbage\n", "no JSON"),
        (b"[" * 60_000 + b"\n", "no JSON"),
        (b"", "connection ended"),
        (b'{"id":"x","ok":tr', "connection ended"),
        (b"x" * 200_000, "connection ended"),
    ],
)
def test_anything_but_a_yes_is_an_error_with_its_reason(run_dir: Path, answer: bytes, words: str) -> None:
    with engine(run_dir, lambda line: answer), pytest.raises(RunError, match=words):
        LiveSession(run_dir).send(STOP)


def test_without_an_engine_the_error_says_how_to_start_one(run_dir: Path) -> None:
    with pytest.raises(RunError, match="has not started yet"):
        LiveSession(run_dir).send(STOP)
    (run_dir / "run.json").write_text(json.dumps({"socket": str(run_dir / "gone")}))
    with pytest.raises(RunError, match=f"no engine runs it now - `dltui resume {run_dir.name}`"):
        LiveSession(run_dir).send(STOP)
    (run_dir / "summary.json").write_text('{"status": "stopped"}')
    with pytest.raises(RunError, match="no engine runs it now"):
        LiveSession(run_dir).send(STOP)
    (run_dir / "summary.json").write_text('{"status": "done"}')
    with pytest.raises(RunError, match=f"has finished - dltui replay {run_dir.name}"):
        LiveSession(run_dir).send(STOP)
    (run_dir / "summary.json").write_text("[]")
    stale = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stale.bind(str(run_dir / "gone"))
    stale.close()
    with pytest.raises(RunError, match="no engine runs it now"):
        LiveSession(run_dir).send(STOP)


@pytest.mark.parametrize("text", ["", "[]", "{}", "\x00", '{"socket": 1}'])
def test_a_damaged_run_json_is_an_error_for_people(run_dir: Path, text: str) -> None:
    (run_dir / "run.json").write_text(text)
    with pytest.raises(RunError):
        LiveSession(run_dir).send(STOP)


def test_a_replay_hands_out_everything_at_once() -> None:
    session = ReplaySession(FIXTURE)
    assert session.read_only and not session.finished
    assert session.events() == list(read(FIXTURE / "journal"))
    assert session.finished
    with pytest.raises(RunError, match="a replay changes nothing"):
        session.send(STOP)


def test_a_replay_keeps_the_pace_of_the_timestamps_times_its_speed() -> None:
    now = [100.0]
    session = ReplaySession(FIXTURE, speed=2.0, clock=lambda: now[0])
    assert [event.seq for event in session.events()] == [1]
    now[0] += 0.5
    assert [event.seq for event in session.events()] == [2, 3, 4, 5]
    now[0] += 0.1
    assert session.events() == []
    now[0] += 1e6
    assert session.events()[-1].kind == "run.finished"
    assert session.finished


class Hand:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def numbers(session: ReplaySession) -> list[int]:
    return [event.seq for event in session.events()]


def test_a_paused_replay_stands_still_and_its_clock_with_it() -> None:
    clock = Hand()
    session = ReplaySession(FIXTURE, speed=1.0, clock=clock)
    assert numbers(session) == [1] and session.now == START
    clock.now += 0.6
    assert session.events()[-1].seq == 3
    session.paused = True
    clock.now += 60.0
    assert session.events() == [] and session.now == START + 0.6
    session.paused = False
    clock.now += 0.2
    assert numbers(session) == [4]


def test_the_clock_of_a_replay_stays_between_two_events() -> None:
    clock = Hand()
    session = ReplaySession(FIXTURE, speed=1.0, clock=clock)
    session.events()
    clock.now += 0.1
    session.events()
    assert session.now == pytest.approx(START + 0.1)
    clock.now += 1e6
    last = session.events()[-1]
    assert session.finished and session.now == unix(last.ts)


def test_the_speed_changes_from_now_on() -> None:
    clock = Hand()
    session = ReplaySession(FIXTURE, speed=1.0, clock=clock)
    session.events()
    clock.now += 0.25
    session.speed = 100.0
    assert numbers(session) == [2]
    clock.now += 0.01
    assert numbers(session) == [3, 4, 5, 6]


def test_seeking_forward_hands_out_what_was_passed_over_and_back_begins_again() -> None:
    session = ReplaySession(FIXTURE, speed=1.0, clock=Hand())
    session.seek(40)
    assert numbers(session) == list(range(1, 41)) and session.rewinds == 0
    session.seek(45)
    assert numbers(session) == [41, 42, 43, 44, 45] and session.rewinds == 0
    session.seek(7)
    assert session.rewinds == 1 and numbers(session) == list(range(1, 8)) and session.position == 7
    assert session.now == START + 6 / 4


def test_where_it_is_is_known_before_the_events_are_fetched() -> None:
    session = ReplaySession(FIXTURE, speed=1.0, clock=Hand())
    for seq in (40, 7, 45):
        session.seek(seq)
        assert session.position == seq
    session.events()
    assert session.position == 45


@pytest.mark.parametrize(("to", "lands"), [(0, 1), (-5, 1), (10**9, 263), (263, 263)])
def test_a_seek_past_either_end_stops_there(to: int, lands: int) -> None:
    session = ReplaySession(FIXTURE, speed=1.0, clock=Hand())
    session.seek(to)
    assert session.events()[-1].seq == lands


@given(st.lists(st.integers(1, 263), min_size=1, max_size=8))
def test_wherever_it_was_before_a_moment_shows_the_same_state(path: list[int]) -> None:
    """Seeking is exact while it is paused: the state is the fold of the events up to there and of no others."""
    session = ReplaySession(FIXTURE, speed=1.0, clock=Hand())
    session.paused = True
    state, rewinds = State(), 0
    for seq in path:
        session.seek(seq)
        if session.rewinds != rewinds:
            state, rewinds = State(), session.rewinds
        for event in session.events():
            state.apply(event)
        whole = State()
        for event in ALL[:seq]:
            whole.apply(event)
        assert state == whole


def test_times_that_fall_do_not_hide_what_follows(run_dir: Path) -> None:
    times = iter([100.0, 50.0, 101.0])
    journal = Journal(run_dir / "journal", clock=lambda: next(times))
    for number in range(3):
        journal.append(ev.ChainRewound(block=number))
    session = ReplaySession(run_dir, speed=1.0, clock=Hand())
    assert numbers(session) == [1, 2]


def test_a_session_that_only_reads_never_opens_the_socket(run_dir: Path) -> None:
    with engine(run_dir, yes) as received:
        session = LiveSession(run_dir, read_only=True)
        with pytest.raises(RunError, match="this screen only reads"):
            session.send(STOP)
        assert session.alive()  # pid 1 of its run.json
    assert received == []
    (run_dir / "run.json").write_text(json.dumps({"pid": 2**22 + 1}))
    assert not session.alive()


def test_there_is_nothing_to_replay_in_an_empty_folder(run_dir: Path) -> None:
    with pytest.raises(RunError, match="has no journal to replay"):
        ReplaySession(run_dir)
