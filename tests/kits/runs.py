"""Real runs for tests: an engine in a folder of its own, followed event by event, and ended whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from dltui.config.sections import load
from dltui.core.commands import new_command
from dltui.core.events import Event, Payload
from dltui.errors import DltuiError
from dltui.rundir.launch import create_run, engine_failure, start_engine
from dltui.rundir.paths import RunPaths
from dltui.rundir.session import LiveSession

POLL = 0.02
END_SECONDS = 30.0

P = TypeVar("P", bound=Payload)


class Run:
    """A run with its engine. `events` holds what the journal told so far."""

    def __init__(self, paths: RunPaths, *, after: int = 0, password: str | None = None) -> None:
        self.paths = paths
        self.engine: subprocess.Popen[bytes] = start_engine(paths, password)
        self.session = LiveSession(paths.root, after=after)
        self.events: list[Event] = []
        self._seen = 0

    def poll(self) -> list[Event]:
        """The events since the last call."""
        fresh = self.session.events()
        self.events += fresh
        return fresh

    def until(self, kind: type[P], seconds: float = 40.0, **fields: Any) -> P:
        """The first event of `kind` with these fields, old or new; fails where none comes in time."""
        return self.until_that(lambda data: isinstance(data, kind) and _fits(data, fields), seconds, f"{kind} {fields}")

    def until_that(self, wanted: Callable[[Payload], bool], seconds: float, what: str) -> Any:
        """The first event's data that is wanted, old or new; fails where none comes in time."""
        end, looked = time.monotonic() + seconds, 0
        while True:
            self.poll()
            for event in self.events[looked:]:
                if wanted(event.data):
                    return event.data
            looked = len(self.events)
            assert self.engine.poll() is None, f"the engine ended before {what}: {self.story()}"
            assert time.monotonic() < end, f"no {what} within {seconds} s: {self.story()}"
            time.sleep(POLL)

    def next(self, kind: type[P], seconds: float = 40.0) -> P:
        """The first event of `kind` that the journal tells from now on."""
        self.poll()
        old = {id(event.data) for event in self.events}
        return self.until_that(lambda data: isinstance(data, kind) and id(data) not in old, seconds, f"new {kind}")

    def passes(self, deadline: int) -> None:
        """Follow the run until a deadline of its chain (unix seconds) is over."""
        while time.time() <= deadline + 1:
            self.poll()
            time.sleep(POLL)

    def finish(self, seconds: float = 60.0) -> int:
        """Wait for the end of the run; the engine's exit code."""
        end = time.monotonic() + seconds
        while self.engine.poll() is None:
            self.poll()
            assert time.monotonic() < end, f"not finished within {seconds} s: {self.story()}"
            time.sleep(POLL)
        self.poll()
        return self.engine.wait()

    def refused(self, seconds: float = 40.0) -> DltuiError:
        """Why the run did not begin; fails where it did, or left something behind."""
        self.engine.wait(seconds)
        error = engine_failure(self.engine, self.paths)
        assert error is not None and error.exit_code == self.engine.returncode
        assert not self.paths.root.exists()
        return error

    def send(self, name: str, seconds: float = 20.0, **args: Any) -> str:
        """Send a command and return its answer; asked again while the engine is still coming up."""
        end = time.monotonic() + seconds
        while True:
            try:
                return self.session.send(new_command(name, "cli", **args))
            except DltuiError as error:
                busy = "coming up" in str(error) or "not started" in str(error) or "no engine runs" in str(error)
                if not busy or time.monotonic() > end:
                    raise
            time.sleep(POLL)

    def of(self, kind: type[P], **fields: Any) -> list[P]:
        """The data of all events of a kind that fit, in order."""
        return [event.data for event in self.events if isinstance(event.data, kind) and _fits(event.data, fields)]

    def story(self) -> str:
        """The last events and the engine's log, for a failed assertion."""
        log = self.paths.logs / "engine.log"
        said = log.read_text(errors="replace")[-2000:] if log.exists() else ""
        return "\n".join([*(f"{e.seq} {e.ts} {e.data}"[:300] for e in self.events[-40:]), said])

    def stop(self) -> None:
        """End the engine; its children end with it."""
        if self.engine.poll() is None:
            self.engine.terminate()
            try:
                self.engine.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self.engine.kill()
                self.engine.wait()


def make(folder: Path, **flags: Any) -> RunPaths:
    """Create a run under `folder`; `flags` are configuration keys with `__` for the dot."""
    before = os.environ.get("DLTUI_RUNS")
    os.environ["DLTUI_RUNS"] = str(folder)
    try:
        keys = {key.replace("__", "."): value for key, value in flags.items()}
        return create_run(load(None, {}, {"chain.engine": "embedded", **keys}))
    finally:
        if before is None:
            del os.environ["DLTUI_RUNS"]
        else:
            os.environ["DLTUI_RUNS"] = before


def dltui(
    *words: str, runs: Path, seconds: float = 60.0, cwd: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run the program as people do, with `runs` as the folder of all runs."""
    return subprocess.run(
        [sys.executable, "-m", "dltui", *words],
        capture_output=True,
        text=True,
        timeout=seconds,
        cwd=cwd or runs,
        env=environment(runs, **env),
        stdin=subprocess.DEVNULL,
    )


class Verifier:
    """`dltui` as processes that need not import the world each time: a warm process forks one for every question."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _FORKS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(Path(tempfile.gettempdir())),
        )

    def __call__(
        self, *words: str, folder: Path, runs: Path | None = None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The exit code, stdout and stderr of `dltui WORDS`; its output passes through files in `folder`."""
        assert self._process.stdin is not None and self._process.stdout is not None
        out, err = folder / "stdout.txt", folder / "stderr.txt"
        self._process.stdin.write(
            json.dumps([["dltui", *words], str(out), str(err), str(runs or folder), str(cwd or folder)]) + "\n"
        )
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return subprocess.CompletedProcess(words, code, out.read_text(), err.read_text())

    def close(self) -> None:
        """End the warm process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


_FORKS = """
import json, os, resource, signal, sys
import dltui.cli.main, dltui.cli.running, dltui.cli.progress_line, dltui.verify.run, dltui.verify.measured
for line in sys.stdin:
    words, out, err, runs, cwd = json.loads(line)
    pid = os.fork()
    if pid == 0:
        for number, path in ((1, out), (2, err)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.argv, os.environ["DLTUI_RUNS"] = words, runs
        os.chdir(cwd)
        # What reads without end is ended, and what keeps all that it reads runs out of memory.
        signal.alarm(60)
        resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))
        code = 1
        try:
            dltui.cli.main.main()
        except SystemExit as stop:
            code = stop.code
        except BaseException:
            import traceback
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
os._exit(0)
"""


def environment(runs: Path, **more: str) -> dict[str, str]:
    """The environment of a program under test: nothing of ours that begins with DLTUI_."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("DLTUI_")}
    return {**clean, "DLTUI_RUNS": str(runs), "DLTUI_CHAIN_ENGINE": "embedded", "COLUMNS": "200", **more}


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has reaped yet counts as ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in ("Z", "X")


def wait_gone(pids: list[int], seconds: float = 10.0) -> list[int]:
    """The pids that are still there after at most `seconds`."""
    end = time.monotonic() + seconds
    while left := [pid for pid in pids if not is_gone(pid)]:
        if time.monotonic() > end:
            return left
        time.sleep(POLL)
    return []


def kill(pid: int, signum: int = signal.SIGKILL) -> None:
    """Send a signal to one process of the run under test."""
    os.kill(pid, signum)


def _fits(data: Payload, fields: dict[str, Any]) -> bool:
    return all(getattr(data, key) == value for key, value in fields.items())
