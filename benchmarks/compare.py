"""What a start and a round cost, for one checkout or for several side by side.

    python benchmarks/compare.py --clients 20 --model mlp --chain embedded --chain anvil --source ../old --source .

For each combination: seconds from the command to the first open round and, over the rounds after the first, the median
seconds from one opening to the next, the CPU seconds of node, clients and engine a round (from `/proc`, Linux), and the
JSON-RPC requests and calls a round of all processes together (a batch is one request with several calls). The counting
is outside the program (`counted/sitecustomize.py`), so an older checkout is measured in the same way.
Further words after `--` go to `dltui`.
"""

from __future__ import annotations

import argparse
import compileall
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from processes import cpu, events, sampled

HERE = Path(__file__).resolve().parent
SAMPLE_SECONDS = 0.1
_COLUMNS = ("start s", "s/round", "node CPU", "clients CPU", "engine CPU", "requests", "calls")


@dataclass
class Sample:
    """CPU seconds by kind of process up to a moment (unix seconds); a process that has ended keeps what it had."""

    at: float
    cpu: Counter[str]


@dataclass
class Watch:
    """Samples the processes that descend from one, until it ends."""

    samples: list[Sample] = field(default_factory=list)
    _seen: dict[int, tuple[str, float]] = field(default_factory=dict)

    def follow(self, face: subprocess.Popen[bytes]) -> None:
        """Return when `face` has ended."""
        for pids in sampled(face, SAMPLE_SECONDS):
            self._seen |= {pid: used for pid in pids if (used := cpu(pid)) is not None}
            total: Counter[str] = Counter()
            for kind, seconds in self._seen.values():
                total[kind] += seconds
            self.samples.append(Sample(time.time(), total))

    def between(self, first: float, last: float) -> Counter[str]:
        """CPU seconds by kind between two moments."""
        before = [s for s in self.samples if s.at <= first][-1]
        after = next((s for s in self.samples if s.at >= last), self.samples[-1])
        return after.cpu - before.cpu


def main() -> None:
    """Measure each combination in turn and print a line for each as it is known."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--clients", type=int, default=20)
    words.add_argument("--rounds", type=int, default=6)
    words.add_argument("--model", action="append", help="may be given several times (mlp)")
    words.add_argument("--chain", action="append", help="may be given several times (embedded)")
    words.add_argument("--source", action="append", type=Path, help="a checkout; may be given several times (this one)")
    words.add_argument("--every", type=int, default=0, help="a line for each group of this many rounds, for long runs")
    words.add_argument("--methods", action="store_true", help="list the calls a round by method")
    words.add_argument("more", nargs="*", help="further words for dltui, after --")
    given = words.parse_args()
    sources = [path.resolve() for path in given.source or [HERE.parent]]
    for source in sources:
        compileall.compile_dir(str(source / "dltui"), quiet=2)
    print(
        f"{'source':20} {'chain':9} {'model':7} {'clients':>7} {'to':>6} "
        + " ".join(f"{name:>11}" for name in _COLUMNS)
    )
    for model, chain, source in itertools.product(given.model or ["mlp"], given.chain or ["embedded"], sources):
        command = ["--clients", str(given.clients), "--rounds", str(given.rounds), "--model", model, "--chain", chain]
        run = record(source, [*command, *given.more])
        for first, last in run.pieces(given.every):
            figures, methods = run.figures(first, last)
            shown = " ".join(f"{figure:11.2f}" for figure in figures)
            print(f"{source.name[:20]:20} {chain:9} {model:7} {given.clients:7} {last:6} {shown}", flush=True)
            if given.methods:
                print("".join(f"    {name:32} {count:9.1f}\n" for name, count in methods.most_common()), end="")


@dataclass
class Run:
    """One run that has ended: when its rounds were opened, when the last one closed, and what was seen of it."""

    began: float
    opened: list[float]
    closed: float
    watch: Watch
    calls: list[tuple[float, str]]
    """When which JSON-RPC method was called; `+` stands for a request."""

    def pieces(self, size: int) -> Iterator[tuple[int, int]]:
        """Yield the rounds after the first, at most `size` at a time; 0 is all of them."""
        rounds = len(self.opened)
        step = size or rounds
        for first in range(2, rounds + 1, step):
            yield first, min(first + step - 1, rounds)

    def figures(self, first: int, last: int) -> tuple[list[float], Counter[str]]:
        """Return the figures of the columns over rounds `first` to `last`, and the calls a round by method."""
        edges = [*self.opened, self.closed][first - 1 : last + 1]
        count = len(edges) - 1
        used = self.watch.between(edges[0], edges[-1])
        sent = Counter(name for at, name in self.calls if edges[0] <= at < edges[-1])
        methods = Counter({name: number / count for name, number in sent.items()})
        requests = methods.pop("+", 0)
        seconds = statistics.median(after - before for before, after in itertools.pairwise(edges))
        parts = [used[kind] / count for kind in ("node", "client", "engine")]
        return [self.opened[0] - self.began, seconds, *parts, requests, sum(methods.values())], methods


def record(source: Path, more: list[str]) -> Run:
    """Record one run of `dltui --no-ui` of a checkout."""
    with tempfile.TemporaryDirectory() as folder:
        counted, watch = Path(folder) / "counted", Watch()
        began = time.time()
        face = subprocess.Popen(
            [sys.executable, "-m", "dltui", "--no-ui", *more],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(HERE / "counted"), str(source)]),
                "RPC_COUNTED": str(counted),
                "DLTUI_RUNS": folder,
            },
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=(Path(folder) / "said").open("wb"),
        )
        watch.follow(face)
        if face.returncode:
            sys.exit(f"dltui ended with {face.returncode}:\n{(Path(folder) / 'said').read_text()[-2000:]}")
        told = [event for run in Path(folder).glob("*/") for event in events(run)]
        calls = [(float(at), name) for at, name in (line.split() for line in counted.read_text().splitlines())]
    opened = sorted(_unix(event["ts"]) for event in told if event["kind"] == "round.opened")
    closed = max(_unix(event["ts"]) for event in told if event["kind"] == "round.finalised")
    return Run(began, opened, closed, watch, calls)


def _unix(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


if __name__ == "__main__":
    main()
