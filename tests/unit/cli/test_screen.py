"""What `dltui` does around its screen: a walkthrough that fails takes its run with it, a lost terminal does not."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dltui.cli import running
from dltui.cli.telling import Telling
from dltui.config.sections import Config
from dltui.core import format as fmt
from dltui.core.commands import Command, new_command
from dltui.core.events import DemoStep
from dltui.errors import RunError
from dltui.resources import top
from dltui.rundir import journal
from dltui.rundir.paths import RunPaths
from dltui.rundir.session import LiveSession

RUN = Path(__file__).parents[2] / "fixtures" / "runs" / "starved"
ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"


class Session:
    read_only = False
    finished = False

    def __init__(self, refuse: bool = False) -> None:
        self.sent: list[str] = []
        self.refuse = refuse

    def send(self, command: Command) -> str:
        if self.refuse:
            raise RunError("no engine runs it now")
        self.sent.append(command.name)
        return ""


def screen(monkeypatch: pytest.MonkeyPatch, session: Any, **ends: Any) -> int:
    """Run `_screen` with an application that ends at once as `ends` says."""

    class App:
        failure = ends.get("failure")
        crashed = ends.get("crashed", False)
        over = ends.get("over", False)
        farewell = ""
        return_code = ends.get("code", 0)

        def __init__(self, *_: Any, **__: Any) -> None:
            pass

        def run(self) -> None:
            pass

    monkeypatch.setattr("dltui.tui.app.DltuiApp", App)
    director: Any = object() if ends.get("led", True) else None
    return running._screen(session, RunPaths(RUN), Config(), director)


@pytest.fixture(autouse=True)
def somebody_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who has not met the program yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_a_user_is_greeted_once_whatever_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    greeted: list[bool] = []
    monkeypatch.setattr(Telling, "possible", lambda self: self)
    monkeypatch.setattr(running, "start_engine", lambda paths, password: object())
    monkeypatch.setattr(running, "_new", lambda config: RunPaths(tmp_path / "made").create())
    monkeypatch.setattr(running, "_follow_engine", lambda *_, first: greeted.append(first) or 0)
    for folder, no_ui in (("one", True), ("one", False), ("two", False)):
        monkeypatch.setenv("DLTUI_RUNS", str(tmp_path / folder))
        running.start(None, {}, Telling(no_ui=no_ui))
    assert greeted == [False, True, False]


def started(
    monkeypatch: pytest.MonkeyPatch, flags: dict[str, Any], *, fast: bool = False, no_ui: bool = False
) -> Config:
    """The configuration that a run is started with on a terminal."""
    configs: list[Config] = []
    monkeypatch.setattr(Telling, "possible", lambda self: self)
    monkeypatch.setattr(running, "_new", lambda config: configs.append(config) or RunPaths(RUN))
    monkeypatch.setattr(running, "start_engine", lambda paths, password: object())
    monkeypatch.setattr(running, "_follow_engine", lambda *_, first: 0)
    running.start(None, flags, Telling(no_ui=no_ui), fast)
    return configs[0]


def test_a_run_with_a_screen_is_one_to_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    watched = started(monkeypatch, {})
    assert (watched.run.rounds, watched.rounds.require_approval, watched.data.partition) == (10, True, "outlier")
    assert started(monkeypatch, {}, fast=True) == started(monkeypatch, {}, no_ui=True) == Config()
    assert started(monkeypatch, {"run.rounds": 2}).run.rounds == 2
    (tmp_path / "config.toml").write_text("[rounds]\nrequire_approval = false\n[clients]\ncount = 4\n")
    said = started(monkeypatch, {})
    assert (said.run.rounds, said.rounds.require_approval, said.clients.count) == (10, False, 4)


def test_a_file_that_says_the_defaults_stands_for_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_bytes(top("config.toml").read_bytes())
    assert started(monkeypatch, {}).rounds.require_approval
    assert not started(monkeypatch, {}, no_ui=True).rounds.require_approval


def test_a_walkthrough_that_failed_stops_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    with pytest.raises(RunError, match="beat 5"):
        screen(monkeypatch, session, failure=RunError("came too late", where="beat 5"), code=1)
    assert session.sent == ["run.stop"]


def test_a_screen_that_crashed_stops_the_walkthrough_it_led(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    assert screen(monkeypatch, session, crashed=True, code=1) == 1
    assert session.sent == ["run.stop"]


@pytest.mark.parametrize(
    "ends",
    [
        {"crashed": True, "led": False, "code": 1},  # a screen on a run that nobody leads: the run goes on
        {"code": 0},  # the operator left it running
        {"failure": RunError("the journal ended"), "over": True, "code": 1},
        {"code": 129},  # the terminal was closed
    ],
)
def test_else_the_run_is_left_alone(monkeypatch: pytest.MonkeyPatch, ends: dict[str, Any]) -> None:
    session = Session()
    with contextlib.suppress(RunError):
        screen(monkeypatch, session, **ends)
    assert session.sent == []


def test_an_engine_that_is_gone_already_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError, match="beat 5"):
        screen(monkeypatch, Session(refuse=True), failure=RunError("came too late", where="beat 5"))


def start(words: list[str], runs: Path, **env: str) -> tuple[subprocess.Popen[bytes], int]:
    """The program on a terminal of its own."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 40, 120, 0, 0))  # termios sizes one from 3.11 on
    process = subprocess.Popen(
        [sys.executable, "-m", "dltui", *words],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=runs,
        env={**os.environ, "DLTUI_RUNS": str(runs), "TERM": "xterm-256color", **env},
        start_new_session=True,
    )
    os.close(slave)
    return process, master


def said(master: int, wanted: bytes, seconds: float = 30.0) -> bytes:
    """What came from the terminal up to `wanted`; fails where it does not come."""
    out, end = b"", time.monotonic() + seconds
    while wanted not in out:
        assert time.monotonic() < end, out[-2000:]
        if select.select([master], [], [], 0.2)[0]:
            try:
                out += os.read(master, 65536)
            except OSError:
                break
    assert wanted in out, out[-2000:]
    return out


@pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143)])
def test_a_closed_terminal_ends_the_screen_and_leaves_the_terminal_clean(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    shutil.copytree(RUN, tmp_path / "4c2b14")
    (tmp_path / "4c2b14" / "config.toml").write_text("")
    process, master = start(["attach", "4c2b14"], tmp_path)
    try:
        said(master, ENTER)
        process.send_signal(number)
        out = said(master, LEAVE)
        assert process.wait(20) == code
        assert b"Traceback" not in out
    finally:
        if process.poll() is None:
            process.kill()
        os.close(master)


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_dumb_terminal_goes_on_without_a_screen_and_says_so(tmp_path: Path, term: str) -> None:
    shutil.copytree(RUN, tmp_path / "4c2b14")
    (tmp_path / "4c2b14" / "config.toml").write_text("")
    process, master = start(["replay", "4c2b14"], tmp_path, TERM=term)
    try:
        out = said(master, b"dltui replay 4c2b14")
        assert f"this terminal cannot show a screen (TERM={term})".encode() in out and ENTER not in out
        process.wait(20)
    finally:
        if process.poll() is None:
            process.kill()
        os.close(master)


@pytest.mark.parametrize(
    ("words", "env"),
    [(("--ascii",), {}), ((), {"PYTHONIOENCODING": "iso-8859-1"}), ((), {"PYTHONIOENCODING": "ascii"})],
)
def test_plain_characters_are_drawn_where_they_are_asked_for_or_all_that_there_is(
    tmp_path: Path, words: tuple[str, ...], env: dict[str, str]
) -> None:
    shutil.copytree(RUN, tmp_path / "4c2b14")
    (tmp_path / "4c2b14" / "config.toml").write_text("")
    process, master = start(["attach", "4c2b14", *words], tmp_path, **env)
    try:
        out = said(master, b"5 Events")
        assert out.isascii() and b"\\u2" not in out
    finally:
        process.kill()
        process.wait(20)
        os.close(master)


@pytest.mark.slow
def test_a_closed_terminal_leaves_a_live_run_going(tmp_path: Path) -> None:
    process, master = start(["--fast", "--rounds", "200", "--clients", "3"], tmp_path)
    run = None
    try:
        said(master, ENTER)
        (folder,) = (path.parent for path in tmp_path.glob("*/config.toml"))
        run = LiveSession(folder)
        _until(lambda: any(event.kind == "round.finalised" for event in run.events()), read_from=master)
        os.close(master)
        process.send_signal(signal.SIGHUP)
        process.wait(20)
        _until(lambda: any(event.kind == "round.finalised" for event in run.events()))
        assert run.alive()
    finally:
        if process.poll() is None:
            process.kill()
        if run is not None and run.alive():
            run.send(new_command("run.stop", "cli"))
            _until(lambda: run.events() is not None and run.finished)


def _until(condition: Callable[[], bool], seconds: float = 90.0, read_from: int | None = None) -> None:
    """Waits for a condition; a terminal that nobody reads would block its program meanwhile."""
    end = time.monotonic() + seconds
    while not condition():
        if read_from is not None and select.select([read_from], [], [], 0)[0]:
            os.read(read_from, 65536)
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.05)


WALKTHROUGH = """
title = "A round"
federation.run.rounds = 1
federation.clients.count = 2
federation.rounds = { min_submissions = 1, committee = 1, quorum = 1, train_seconds_max = 60, require_approval = true }
federation.training.epochs = 1

[[beat]]
title = "The chain"
text = "It starts."
wait = { kind = "chain.ready" }

[[beat]]
title = "Contracts"
text = "They come when this has been read."
wait = { kind = "contract.deployed", count = 3 }

[[beat]]
title = "A round"
text = "It opens when this has been read."
wait = { kind = "round.finalised" }

[[beat]]
title = "A word"
text = "It is given when this has been read."
command = { name = "model.approve", args = { version = 1 } }
expect = [{ kind = "model.approved" }]
still = true

[[beat]]
title = "The end"
text = "It comes when this has been read."
wait = { kind = "run.finished" }
"""


@pytest.mark.slow
def test_a_walkthrough_on_a_screen_holds_its_run_while_it_is_read_and_stays_at_its_end(tmp_path: Path) -> None:
    """At speed 2 a beat is read for 2.5 seconds; what it tells comes after that, by the clock of the journal."""
    (tmp_path / "round.toml").write_text(WALKTHROUGH)
    process, master = start(["demo", "round.toml", "--speed", "2"], tmp_path)
    try:
        said(master, b"look around", 180)
        (folder,) = (path.parent for path in tmp_path.glob("*/config.toml"))
        os.write(master, b"q")
        said(master, b"verified, no mismatch", 120)
        assert process.wait(30) == 0
        at: dict[str, float] = {}
        for event in journal.read(folder / "journal"):
            name = event.data.title if isinstance(event.data, DemoStep) else event.kind
            at.setdefault(name, fmt.unix(event.ts) or 0.0)
        for beat, told in (
            ("Contracts", "contract.deployed"),
            ("A round", "round.opened"),
            ("The end", "run.finished"),
        ):
            assert at[told] - at[beat] > 2.4, (beat, told)
    finally:
        if process.poll() is None:
            process.kill()
        os.close(master)
