"""`dltui console`: what a prompt on a run answers, what it leaves as it was, and how it refuses."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from eth_account import Account

from dltui.core import events as ev
from dltui.core.sanitize import clean
from dltui.rundir.journal import read
from dltui.rundir.paths import RunPaths
from tests.kits.recorded import unpack
from tests.kits.runs import Run, dltui

ROUND = "print(w3.eth.block_number, fl.functions.currentRound().call(), fl.address)"


@pytest.fixture
def over(tmp_path: Path) -> RunPaths:
    """A run that is over."""
    return unpack("0.1.0/embedded", tmp_path)


def contents(paths: RunPaths) -> dict[str, tuple[str, int]]:
    """The digest and the time of change of each file of a run, and the time of each folder."""
    return {
        str(path): (hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "", path.stat().st_mtime_ns)
        for path in [paths.root, *paths.root.rglob("*")]
    }


def test_a_live_run_answers_and_is_acted_on(start: Callable[..., Run]) -> None:
    run = start(run__rounds=2, clients__count=3, rounds__require_approval=True)
    run.until(ev.RoundFinalised, round=1)
    runs = run.paths.root.parent
    asked = dltui("console", run.paths.id, "-c", ROUND + "; print(run.rounds[1].version)", runs=runs)
    assert asked.returncode == 0, asked.stderr
    block, number, address, version = asked.stdout.split()
    run.poll()
    assert (number, version) == ("1", str(run.of(ev.RoundFinalised)[0].version))
    assert address == json.loads(run.paths.run_json.read_bytes())["addresses"]["FLContract"]
    assert int(block) >= run.of(ev.ChainBlock)[-1].number
    answer = dltui("console", run.paths.id, "-c", 'print(send("model.approve", version=1))', runs=runs)
    assert answer.returncode == 0, answer.stderr
    assert run.until(ev.ModelApproved, version=1) and run.until(ev.RoundOpened, round=2)


@pytest.mark.parametrize("name", ["embedded", "anvil"])
def test_a_run_that_is_over_is_looked_at_on_a_copy(name: str, tmp_path: Path) -> None:
    over = unpack(f"0.1.0/{name}", tmp_path)
    before = contents(over)
    spend = (
        'h = w3.eth.send_transaction({"to": fl.functions.modelRegistry().call(), "value": 0, "gas": 30_000}); '
        "r = w3.eth.wait_for_transaction_receipt(h); print(r['from'], r['blockNumber'])"
    )
    asked = dltui("console", str(over.root), "--as", "operator", "-c", f"{ROUND}; {spend}", runs=tmp_path)
    assert asked.returncode == 0, asked.stderr
    block, number, address, sender, mined = asked.stdout.split()
    told = [event.data for event in read(over.journal)]
    document = json.loads(over.run_json.read_bytes())
    assert int(number) == max(data.round for data in told if isinstance(data, ev.RoundOpened))
    assert int(block) == max(data.number for data in told if isinstance(data, ev.ChainBlock)) == int(mined) - 1
    assert (address, sender) == (document["addresses"]["FLContract"], document["operator"])
    assert contents(over) == before


def test_no_key_is_among_the_names_and_no_folder_stays(over: RunPaths, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    code = "print(sorted(name for name in globals() if name[0] != '_'), w3.eth.default_account, w3.eth.accounts)"
    asked = dltui("console", str(over.root), "-c", code, runs=tmp_path, TMPDIR=str(scratch))
    names = ["data", "fl", "models", "refresh", "run", "send", "w3"]
    assert asked.stdout.startswith(f"{names} ") and asked.stdout.rstrip().endswith(" []"), asked.stderr
    assert os.listdir(scratch) == []


@pytest.mark.parametrize("name", ["chain/genesis.json", "run.json"])
def test_a_file_that_is_a_link_is_refused(name: str, over: RunPaths, tmp_path: Path) -> None:
    (over.root / name).unlink()
    (over.root / name).symlink_to("/dev/zero")
    done = dltui("console", str(over.root), "-c", "print(1)", runs=tmp_path)
    assert done.returncode == 4 and done.stdout == "" and "is a symbolic link" in done.stderr, done.stderr


def test_a_block_that_was_altered_is_named(over: RunPaths, tmp_path: Path) -> None:
    first, *rest = over.txs.read_text().splitlines(keepends=True)
    over.txs.write_text(first + "".join(rest[:5] + rest[6:]))
    done = dltui("console", str(over.root), "-c", "print(1)", runs=tmp_path)
    assert done.returncode == 4 and done.stdout == "" and "txs.jsonl" in done.stderr, done.stderr


def test_a_keystore_opens_only_with_its_password(over: RunPaths, tmp_path: Path) -> None:
    keystore = tmp_path / "operator.json"
    keystore.write_text(json.dumps(Account.encrypt(b"\x31" * 32, "right", kdf="pbkdf2", iterations=10)))
    keystore.chmod(0o600)
    text = over.config.read_text()
    assert 'keystore = ""' in text
    over.config.write_text(text.replace('keystore = ""', f'keystore = "{keystore}"'))
    command = ("console", str(over.root), "--as", "operator", "-c", "print(w3.eth.default_account)")
    wrong = dltui(*command, runs=tmp_path, DLTUI_PASSWORD="wrong")
    assert wrong.returncode == 2 and "wrong password" in wrong.stderr and wrong.stdout == ""
    asked = dltui(*command, runs=tmp_path, DLTUI_PASSWORD="right")
    assert clean(asked.stdout.strip()) == Account.from_key(b"\x31" * 32).address, asked.stderr
