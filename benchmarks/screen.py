"""What the screen costs: CPU of the live screen in a real pseudo-terminal, start, keys, and how fast a run is replayed.

    python benchmarks/screen.py [--seconds 8] [--repeat 3] [--only live]

Every case is the program itself (`dltui attach`, `dltui replay`) at 120x40 with its output drained; CPU is the child's
user and system time from `/proc` (Linux). `idle` is a bare Textual application beside it. Of repeated measurements the
smallest counts: what else the machine does can only add. If it is never idle, the lines that end in CPU say what
the times would come to at best.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import random
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dltui.core import events as ev
from dltui.core.state.state import State
from dltui.rundir import journal
from dltui.rundir.paths import RunPaths

COLUMNS, ROWS = 120, 40
TICKS = os.sysconf("SC_CLK_TCK")
BARE = "from textual.app import App; App().run()"
DOWN = b"\x1b[B"


def main() -> None:
    """Measure every case and print a table."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seconds", type=float, default=8.0, help="of each CPU measurement")
    words.add_argument("--repeat", type=int, default=3)
    words.add_argument("--only", help="measure the cases whose name contains this")
    given = words.parse_args()
    print(f"{'case':<46}{'least':>12}{'budget':>12}   median of {given.repeat}", flush=True)
    for name, budget, unit, measure in _cases(given.seconds):
        if given.only and given.only not in name:
            continue
        found = sorted(measure() for _ in range(given.repeat))
        limit = f"{budget:g} {unit}" if budget is not None else "-"
        middle = found[len(found) // 2]
        print(f"{name:<46}{f'{found[0]:.2f} {unit}':>12}{limit:>12}   {middle:.2f} {unit}", flush=True)


Case = tuple[str, float | None, str, Callable[[], float]]


def _cases(seconds: float) -> Iterator[Case]:
    yield "help, exec to exit", 0.25, "s", _help
    yield "help, CPU", 0.25, "s", _help_cpu
    yield "first paint, exec to the panes", 0.6, "s", lambda: _first_paint(cpu=False)
    yield "first paint, CPU", 0.6, "s", lambda: _first_paint(cpu=True)
    yield "idle: a bare Textual application", None, "%", lambda: _bare(seconds)
    yield "finished run", 0.1, "%", lambda: _live(seconds, clients=8, rate=0, finished=True)
    yield "quiet live run", 2, "%", lambda: _live(seconds, clients=8, rate=0)
    yield "live: 8 clients x 50 events/s", 10, "%", lambda: _live(seconds, clients=8, rate=400)
    yield "live: 1,000 clients, 400 events/s", 15, "%", lambda: _live(seconds, clients=1000, rate=400)
    yield "key to paint, p99 of 200, 1,000 clients", 50, "ms", lambda: _keys(clients=1000, rate=400)[1]
    yield "key to paint, CPU a key", 50, "ms", lambda: _keys(clients=1000, rate=0)[0]
    yield "replay of 50,000 events: read, check, fold", 2, "s", lambda: _fold(50_000)
    yield "replay of 50,000 events: exec to last event", None, "s", lambda: _replay(50_000)[1]
    yield "replay of 50,000 events: CPU", None, "s", lambda: _replay(50_000)[0]


class Terminal:
    """A child in a pseudo-terminal of its own; a thread drains what it writes."""

    def __init__(self, command: list[str], runs: Path) -> None:
        self.began = time.monotonic()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a user's second start finds the modules compiled
            os.environ |= {"DLTUI_RUNS": str(runs), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.execvp(command[0], command)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._output = bytearray()
        self._news = threading.Condition()
        self._drain = threading.Thread(target=self._read, daemon=True)
        self._drain.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                return
            with self._news:
                self._output += data
                self._news.notify_all()

    def wait_for(self, text: bytes, seconds: float = 60.0) -> float:
        """Return seconds from the start until this was written."""
        with self._news:
            if not self._news.wait_for(lambda: text in self._output, seconds):
                raise SystemExit(f"the screen never wrote {text!r}")
        return time.monotonic() - self.began

    def press(self, key: bytes) -> float:
        """Return seconds from a key to the next thing that is written."""
        with self._news:
            before = len(self._output)
        began = time.monotonic()
        os.write(self._fd, key)
        with self._news:
            self._news.wait_for(lambda: len(self._output) > before, 5.0)
        return time.monotonic() - began

    def cpu(self) -> float:
        """Return seconds of CPU so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def close(self) -> None:
        """End the child."""
        os.kill(self.pid, 15)
        os.waitpid(self.pid, 0)
        os.close(self._fd)


@contextmanager
def _showing(command: list[str], runs: Path) -> Iterator[Terminal]:
    terminal = Terminal(command, runs)
    try:
        yield terminal
    finally:
        terminal.close()


def _dltui(*words: str) -> list[str]:
    return [sys.executable, "-m", "dltui", *words]


class Run:
    """A run that this benchmark writes: its journal grows as an engine's would."""

    def __init__(self, folder: Path, clients: int) -> None:
        self.paths = RunPaths(folder / "b3nc40").create()
        self.paths.config.write_text("", encoding="utf-8")
        self._journal = journal.Journal(self.paths.journal)
        self._rng = random.Random(1)
        self._block, self.told = 0, 0
        self._ids = tuple(f"client-{n}" for n in range(clients))
        tell = self.tell
        tell(ev.RunStarted(run="b3nc40", version="0", seed=1, rounds=1000, config={}))
        tell(ev.ChainReady(engine="embedded", pid=1, port=8545, chain_id=1, url=""))
        tell(ev.ContractDeployed(name="FLContract", address="0x" + "1" * 40, gas_used=4_000_000, tx="0xd"))
        tell(ev.ModelPublished(version=0, round=0, digest="ab" * 32, cid="bafkrei", parent=None, accuracy_bp=None))
        for index, id in enumerate(self._ids):
            tell(ev.ClientReady(id=id, pid=100 + index, train=100, held_out=10))
            tell(ev.ClientRegistered(id=id, index=index, address=f"0x{index:040x}", tx="0x"))
        tell(
            ev.RoundOpened(round=1, base=0, base_digest="", plan_hash="", selected=self._ids, committee=self._ids[:3],
                           seed="", deadline=int(time.time()) + 600)
        )  # fmt: skip

    def tell(self, payload: ev.Payload) -> None:
        """One event."""
        self._journal.append(payload)
        self.told += 1

    def happen(self) -> None:
        """One event of a busy run: mostly progress, now and then a transaction in a block."""
        id = self._rng.choice(self._ids)
        if self._rng.random() < 0.9:
            loss = self._rng.random()
            self.tell(
                ev.ClientProgress(id=id, round=1, activity="train", epoch=1, epochs=9, batch=3, batches=9, loss=loss)
            )
            return
        self._block += 1
        gas = self._rng.randrange(60_000, 200_000)
        tx = f"0x{self._block:064x}"
        self.tell(ev.ChainBlock(number=self._block, gas_used=gas, txs=1, timestamp=int(time.time()), hash=tx))
        self.tell(
            ev.TxMined(hash=tx, function="submit", sender=id, address="0x", block=self._block, gas_used=gas, fee=gas)
        )

    @contextmanager
    def busy(self, rate: int) -> Iterator[None]:
        """Things happen `rate` times a second until the block ends."""
        over = threading.Event()

        def go_on() -> None:
            began, done = time.monotonic(), 0
            while not over.wait(0.05):
                due = int((time.monotonic() - began) * rate)
                while done < due:
                    self.happen()
                    done += 1

        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def finish(self) -> None:
        """Let the run be done."""
        self.tell(ev.RunFinished(status="done", exit_code=0))


def _percent(terminal: Terminal, seconds: float) -> float:
    time.sleep(1.5)
    before, began = terminal.cpu(), time.monotonic()
    time.sleep(seconds)
    return 100 * (terminal.cpu() - before) / (time.monotonic() - began)


def _bare(seconds: float) -> float:
    with _showing([sys.executable, "-c", BARE], Path()) as terminal:
        terminal.wait_for(b"\x1b[?1049h")
        return _percent(terminal, seconds)


def _live(seconds: float, *, clients: int, rate: int, finished: bool = False) -> float:
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), clients)
        if finished:
            run.finish()
        with _showing(_dltui("attach", str(run.paths.root)), Path(folder)) as terminal, run.busy(rate):
            terminal.wait_for(b"b3nc40")
            return _percent(terminal, seconds)


def _keys(*, clients: int, rate: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), clients)
        with _showing(_dltui("attach", str(run.paths.root)), Path(folder)) as terminal, run.busy(rate):
            terminal.wait_for(b"b3nc40")
            time.sleep(1.5)
            taken, before = [], terminal.cpu()
            for _ in range(200):
                taken.append(terminal.press(DOWN))
                time.sleep(0.02)
            cpu = terminal.cpu() - before
    return 1000 * cpu / len(taken), 1000 * sorted(taken)[int(0.99 * len(taken))]


def _first_paint(*, cpu: bool) -> float:
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), 8)
        with _showing(_dltui("attach", str(run.paths.root)), Path(folder)) as terminal:
            seconds = terminal.wait_for(b"Clients")
            return terminal.cpu() if cpu else seconds


def _help() -> float:
    began = time.monotonic()
    subprocess.run(_dltui("--help"), stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


def _help_cpu() -> float:
    before = os.times()
    _help()
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def _recorded(folder: Path, count: int) -> Run:
    run = Run(folder, 8)
    while run.told < count - 1:
        run.happen()
    run.finish()
    return run


def _fold(count: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        run = _recorded(Path(folder), count)
        began = time.monotonic()
        state = State()
        for event in journal.Tail(run.paths.journal).poll(10 * count):
            state.apply(event)
        return time.monotonic() - began


def _replay(count: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        run = _recorded(Path(folder), count)
        command = _dltui("replay", str(run.paths.root), "--speed", "1000")
        with _showing(command, Path(folder)) as terminal:
            seconds = terminal.wait_for(b"DONE")
            return terminal.cpu(), seconds


if __name__ == "__main__":
    main()
