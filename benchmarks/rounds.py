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
from pathlib import Path

from processes import events, memory, sampled

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
    """Return one run of `dltui --no-ui` as a line of the table."""
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
        for pids in sampled(face, SAMPLE_SECONDS):
            peak, most = max(peak, sum(map(memory, pids))), max(most, len(pids))
        seconds = time.monotonic() - began
        run = next(path for path in Path(runs).iterdir() if path.is_dir())
        summary = json.loads((run / "summary.json").read_bytes())
        told = events(run)
    timed = [event["data"]["total"] for event in told if event["kind"] == "round.timed"]
    spawned = {event["data"]["pid"] for event in told if event["kind"] == "client.spawned"}
    senders = {e["data"]["sender"] for e in told if e["kind"] == "tx.mined" and e["data"]["function"] == "submit"}
    accuracy = summary["versions"][-1]["test_accuracy_bp"] / 100
    return (
        f"{model:10} {face.returncode:<6} {accuracy:6.2f} %   {statistics.median(timed):7.2f}   {seconds:8.1f}"
        f"   {peak // 2**20:8}   {most:9}   {len(spawned):11}   {len(senders):7}"
    )


if __name__ == "__main__":
    main()
