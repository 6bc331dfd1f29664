"""A run seen from a shell: what goes to stdout, what a signal does, and what is said about damaged folders."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dltui.rundir.journal import read
from dltui.rundir.paths import RunPaths
from tests.kits.runs import Run, Verifier, dltui, environment, wait_gone

DEEP = b'{"a":' + b"[" * 200_000


def test_a_signal_ends_face_engine_chain_and_clients(tmp_path: Path) -> None:
    face = subprocess.Popen(
        [sys.executable, "-m", "dltui", "--no-ui", "--format", "jsonl", "--rounds", "500", "--clients", "3"],
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "stderr.txt").open("wb"),
        cwd=tmp_path,
        env=environment(tmp_path),
        start_new_session=True,
    )
    assert face.stdout is not None
    lines: list[bytes] = []
    try:
        for line in face.stdout:
            lines.append(line)
            if json.loads(line)["kind"] == "round.finalised":
                break
        paths = RunPaths(next(path for path in tmp_path.iterdir() if path.is_dir()))
        described = json.loads(paths.run_json.read_bytes())
        mode = os.stat(described["socket"]).st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
        assert os.stat(os.path.dirname(described["socket"])).st_mode & 0o077 == 0
        live = dltui("verify", paths.id, runs=tmp_path)
        assert (live.returncode, "an engine still runs it" in live.stderr) == (1, True)
        assert "running" in dltui("runs", runs=tmp_path).stdout
        face.send_signal(signal.SIGTERM)
        lines += face.stdout
        face.wait(40)
    finally:
        if face.poll() is None:
            os.killpg(face.pid, signal.SIGKILL)
        face.stdout.close()
    assert face.returncode == 143
    assert b"".join(lines) == (paths.journal / "000001.jsonl").read_bytes()
    assert b"Traceback" not in (tmp_path / "stderr.txt").read_bytes()
    events = [json.loads(line) for line in lines]
    assert events[-1]["kind"] == "run.finished"
    assert events[-1]["data"]["status"] == "stopped"
    pids = [event["data"]["pid"] for event in events if event["kind"] in ("client.spawned", "chain.ready")]
    assert len(pids) == 4
    assert wait_gone([*pids, described["pid"]]) == []
    assert not os.path.exists(described["socket"])
    checked = dltui("verify", paths.id, runs=tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert list(read(paths.journal))[-1].seq == len(lines)


def test_a_taken_port_leaves_nothing_running(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = dltui("--no-ui", "--port", str(port), runs=tmp_path)
    assert done.returncode == 3
    assert f"[chain] port: port {port} is taken" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
    mine = str(tmp_path.resolve()).encode()
    assert wait_gone([pid for pid, command in _commands() if mine in command]) == []


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["--no-ui", "--format", "xml"], 2, "--format"),
        (["--no-ui", "--rounds", "0"], 2, "run.rounds"),
        (["--no-ui", "--clients", "257"], 2, "clients.count"),
        (["--no-ui", "--model", "no.such:thing"], 2, "no.such"),
        (["--no-ui", "--config", "gone.toml"], 2, "gone.toml"),
        (["--no-ui", "--partition", "iidd"], 2, "data.partition"),
        (["--no-ui", "--dataset", "gone.npz"], 2, "gone.npz"),
        (["demo", "no-such-demo", "--no-ui"], 2, "no-such-demo"),
        (["verify", "nowhere"], 1, "no runs yet"),
        (["attach"], 1, "no runs yet"),
        (["replay", "--no-ui"], 1, "no runs yet"),
        (["resume"], 1, "no runs yet"),
        (["client", "stop", "client-0"], 1, "no runs yet"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_done_is_said_in_one_line(
    verifier: Verifier, tmp_path: Path, words: list[str], code: int, named: str
) -> None:
    runs = tmp_path / "runs"
    done = verifier(*words, folder=tmp_path, cwd=tmp_path, runs=runs)
    assert done.returncode == code, done.stdout + done.stderr
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_an_environment_variable_with_a_typo(tmp_path: Path) -> None:
    done = dltui("--no-ui", runs=tmp_path, DLTUI_CLIENTS_COUTN="3")
    assert done.returncode == 2
    assert "clients.coutn" in done.stderr
    assert "clients.count" in done.stderr


@pytest.mark.parametrize("name", ["summary.json", "run.json", "lock", "config.toml"])
@pytest.mark.parametrize("content", [b"", b"[]", DEEP, b"\xff\xfe\x00", b"\x1b[2J"], ids=range(5))
def test_damaged_files_are_named_and_crash_nothing(
    finished: Run, verifier: Verifier, tmp_path: Path, name: str, content: bytes
) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(finished.paths.root, runs / "abc123", ignore=_without_blobs)
    (runs / "abc123" / name).write_bytes(content)
    for words in (["runs"], ["pause"], ["model", "list"]):
        done = verifier(*words, folder=tmp_path, cwd=tmp_path, runs=runs)
        assert done.returncode == (0 if words == ["runs"] else 1), done.stderr
        assert "Traceback" not in done.stderr
        assert "\x1b" not in done.stdout + done.stderr


def test_a_replay_of_a_damaged_journal(finished: Run, verifier: Verifier, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(finished.paths.root, runs / "abc123", ignore=_without_blobs)
    segment = runs / "abc123" / "journal" / "000001.jsonl"
    segment.write_bytes(segment.read_bytes().replace(b"client-2", b"client-3", 1))
    for words in (["replay", "--no-ui"], ["attach", "--no-ui"], ["replay", "--no-ui", "--format", "jsonl"]):
        done = verifier(*words, folder=tmp_path, cwd=tmp_path, runs=runs)
        assert done.returncode == 4, done.stderr
        assert "000001.jsonl" in done.stderr
        assert "Traceback" not in done.stderr


def _without_blobs(folder: str, names: list[str]) -> set[str]:
    return {"blobs", "chain"} & set(names)


def _commands() -> list[tuple[int, bytes]]:
    found: list[Any] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found.append((int(entry.name), (entry / "cmdline").read_bytes()))
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
    return found
