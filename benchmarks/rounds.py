"""What a run costs: seconds a round, seconds in all and peak memory of the whole family of processes.

    python benchmarks/rounds.py --clients 5 --rounds 10 --model mlp --model cnn

Memory is the sum of the processes' proportional set sizes (PSS: a page that n processes share counts 1/n in each),
taken four times a second from `/proc` (Linux). Further words after `--` go to `dltui`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

SAMPLE_SECONDS = 0.25


def main() -> None:
    """Run once per model and print one line each."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--clients", type=int, default=5)
    words.add_argument("--rounds", type=int, default=10)
    words.add_argument("--model", action="append", help="may be given several times")
    words.add_argument("more", nargs="*", help="further words for dltui, after --")
    given = words.parse_args()
    print("model      exit   accuracy   s/round   s in all   peak MiB   processes   client pids   senders")
    for model in given.model or ["mlp", "cnn"]:
        print(measure(model, given.clients, given.rounds, given.more), flush=True)


def measure(model: str, clients: int, rounds: int, more: list[str]) -> str:
    """One run of `dltui --no-ui`, as a line of the table."""
    command = [sys.executable, "-m", "dltui", "--no-ui", "--clients", str(clients), "--rounds", str(rounds)]
    with tempfile.TemporaryDirectory() as runs:
        began = time.monotonic()
        face = subprocess.Popen(
            [*command, "--model", model, *more],
            env={**os.environ, "DLTUI_RUNS": runs},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        peak = most = 0
        while face.poll() is None:
            pids = family(face.pid)
            peak, most = max(peak, sum(map(_pss, pids))), max(most, len(pids))
            time.sleep(SAMPLE_SECONDS)
        seconds = time.monotonic() - began
        run = next(path for path in Path(runs).iterdir() if path.is_dir())
        summary = json.loads((run / "summary.json").read_bytes())
        events = [json.loads(line) for path in run.glob("journal/*.jsonl") for line in path.read_bytes().splitlines()]
    timed = [event["data"]["total"] for event in events if event["kind"] == "round.timed"]
    pids = {event["data"]["pid"] for event in events if event["kind"] == "client.spawned"}
    senders = {e["data"]["sender"] for e in events if e["kind"] == "tx.mined" and e["data"]["function"] == "submit"}
    accuracy = summary["versions"][-1]["test_accuracy_bp"] / 100
    return (
        f"{model:10} {face.returncode:<6} {accuracy:6.2f} %   {statistics.median(timed):7.2f}   {seconds:8.1f}"
        f"   {peak // 2**20:8}   {most:9}   {len(pids):11}   {len(senders):7}"
    )


def family(root: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            children[int(path.read_text().rpartition(")")[2].split()[1])].append(int(path.parent.name))
        except OSError:
            continue
    found = [root]
    for pid in found:
        found += children[pid]
    return found


def _pss(pid: int) -> int:
    """Proportional set size of a process in bytes; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
