"""The program as people call it: what it prints, and how it exits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from dltui.core import events as ev
from dltui.core.commands import COMMANDS, cli_twin, new_command
from tests.kits.runs import Run, Verifier, dltui

EXAMPLES = {
    **{"client": "client-0", "part": 0, "version": 1, "round": 1, "hash": "0x" + "5a" * 32},
    **{"seconds": 1, "n": 1, "of": 1, "title": "t", "text": "t", "command": "run.pause", "args": {}},
}
HOSTILE = "[/x]\x1b[2J"


def test_help_imports_neither_screen_nor_chain_nor_torch() -> None:
    code = (
        "import sys\nsys.argv = ['dltui', '--help']\nfrom dltui.cli.main import app\n"
        "try:\n    app()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'textual', 'web3', 'torch', 'eth_account', 'numpy', 'eth'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "verify" in done.stdout
    assert done.stderr.strip() == "[]"


def test_every_command_has_a_twin_that_the_program_knows(verifier: Verifier, tmp_path: Path) -> None:
    for name, command in COMMANDS.items():
        twin = cli_twin(
            new_command(name, "cli", **{f: EXAMPLES[f] for f in command.args.__struct_fields__ if f in EXAMPLES})
        )
        if twin:
            done = verifier(*twin.split()[1:], folder=tmp_path, runs=tmp_path / "runs")
            assert (done.returncode, "no runs yet" in done.stderr) == (1, True), twin + done.stderr


def test_a_typo_in_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[rounds]\ncomittee = 3\n")
    done = dltui("--no-ui", "--config", "mine.toml", runs=tmp_path)
    assert done.returncode == 2
    assert "mine.toml" in done.stderr
    assert "rounds.comittee" in done.stderr
    assert "rounds.committee" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


def test_a_missing_data_file(tmp_path: Path) -> None:
    done = dltui("--no-ui", "--dataset", "gone.npz", runs=tmp_path)
    assert done.returncode == 2
    assert "gone.npz: no such data file" in done.stderr
    assert "mnist10k" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_run(finished: Run) -> None:
    done = dltui("verify", "zzz", runs=finished.paths.root.parent)
    assert (done.returncode, "no run 'zzz'" in done.stderr) == (1, True)


def test_a_command_to_a_run_that_has_ended(finished: Run) -> None:
    done = dltui("pause", "--run", finished.paths.id, runs=finished.paths.root.parent)
    assert (done.returncode, "has finished" in done.stderr, "dltui replay" in done.stderr) == (1, True, True)


def test_replayed_journal_lines_are_all_of_stdout(finished: Run) -> None:
    done = dltui("replay", finished.paths.id, "--no-ui", "--format", "jsonl", runs=finished.paths.root.parent)
    assert done.returncode == 0
    assert done.stdout.encode() == (finished.paths.journal / "000001.jsonl").read_bytes()


def test_a_hostile_name_is_harmless_everywhere(tmp_path: Path) -> None:
    (tmp_path / "hostile.toml").write_text(f"[clients]\ncount = 3\nnames = [{json.dumps(HOSTILE)}]\n")
    done = dltui("--no-ui", "--rounds", "1", "--config", "hostile.toml", runs=tmp_path)
    assert done.returncode == 0, done.stderr
    journal = next(tmp_path.glob("*/journal/000001.jsonl")).read_text()
    assert "\x1b" not in journal + done.stdout + done.stderr
    assert "\\u001b" not in journal
    assert "[/x] asks to join" in done.stderr
    assert any(json.loads(line)["kind"] == ev.RunFinished.KIND for line in journal.splitlines())
