"""`dltui data` and `dltui model show`: what they print, for people and for programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from dltui.cli.main import app
from dltui.learning.data.catalog import CATALOG

BLOCKED = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}
"""A proxy that nobody is: no request leaves this machine."""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder and cache, so that nothing of this machine's is read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def dltui(*words: str, columns: int = 80) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": str(columns), "TERM": "dumb"})


def records(path: Path, classes: int, count: int = 400) -> str:
    rng = np.random.default_rng(2)
    np.savez(path, x=rng.integers(0, 256, (count, 3, 6, 6), np.uint8), y=np.arange(count) % classes)
    return str(path)


def test_the_list_tells_what_is_here(tmp_path: Path) -> None:
    (tmp_path / "cifar10.npz").touch()
    told = json.loads(dltui("data", "list", "--root", str(tmp_path), "--json").stdout)
    here = {row["name"]: row["present"] for row in told["datasets"]}
    assert {name for name, present in here.items() if present} == {"mnist10k", "cifar10"}
    assert set(here) == {"mnist10k", *CATALOG}
    said = dltui("data", "list", "--root", str(tmp_path)).stdout
    assert "no, 12 MB to fetch" in said
    assert max(map(len, said.splitlines())) <= 80 + len(str(tmp_path))


def test_the_division_adds_up() -> None:
    words = ("data", "show", "--partition", "dirichlet", "--alpha", "0.2", "--clients", "8")
    told = json.loads(dltui(*words, "--json").stdout)
    assert [client["name"] for client in told["clients"]] == [f"client-{n}" for n in range(8)]
    counts = np.array([np.add(client["train"], client["held_out"]) for client in told["clients"]])
    assert (counts.sum() + sum(told["test"]), counts.shape) == (10_000, (8, 10))
    assert told["sha256"] == "ef9dcc30baf89ce8ff7a5e58a0e741a14908d3007f5dfa2f93d8026b64a5eac8"
    said = dltui(*words).stdout
    assert max(map(len, said.splitlines())) <= 80
    assert said.startswith("mnist10k: 10,000 records of uint8/1x28x28/10\ndirichlet (alpha 0.2), seed 1, 8 clients\n")
    rows = [line.split() for line in said.splitlines() if line.startswith("client-")]
    for row, client, by_class in zip(rows, told["clients"], counts, strict=True):
        assert row[1:11] == [str(n) if n else "-" for n in by_class]
        assert row[11] == f"{sum(client['train']):,}"
        assert row[12] == f"{sum(client['held_out']):,}"


@pytest.mark.parametrize(("classes", "columns"), [(100, 80), (10, 40), (47, 200)])
def test_many_classes_or_a_narrow_terminal_get_a_shade_each(tmp_path: Path, classes: int, columns: int) -> None:
    said = dltui("data", "show", "--dataset", records(tmp_path / "a.npz", classes), "--clients", "2", columns=columns)
    assert f"0 to {classes - 1}" in " ".join(said.stdout.split())
    shades = "".join(char for char in said.stdout if char in "·░▒▓█.:+x#")
    assert len(shades) > 3 * classes
    assert max(map(len, said.stdout.splitlines())) <= max(columns, len(str(tmp_path)) + 60, 71)


def test_a_partition_of_ones_own_that_leaves_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deals.py").write_text("def two(labels, parts, seed): return [[0, 1], [2, 3]]\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    said = dltui("data", "show", "--partition", "deals:two", "--clients", "2").stdout
    assert "7,996 records belong to nobody" in said


def test_names_from_the_configuration_are_harmless(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[clients]\ncount = 2\nnames = ["\\u001b[2Jevil", "[red]x[/red]"]\n')
    said = dltui("data", "show", "--config", "mine.toml").stdout
    assert "\x1b" not in said
    assert "[red]x[/red]" in said


def test_models_are_measured(tmp_path: Path) -> None:
    words = ("model", "show", "linear", "mlp", "--json", "--clients", "2")
    linear, mlp = json.loads(dltui(*words).stdout)
    assert (linear["model"], linear["parameters"], mlp["parameters"]) == ("linear", 7_850, 50_890)
    assert mlp["bytes"] > 4 * mlp["parameters"]
    assert 0 < linear["step_seconds"] < linear["round_seconds"]
    said = dltui("model", "show", "--dataset", records(tmp_path / "small.npz", 4)).stdout
    assert "resnet18: resnet18 needs images of at least 16x16, not 6x6" in said
    assert [line.split()[0] for line in said.splitlines()[1:5]] == ["linear", "mlp", "cnn", "cnn-bn"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("data", "show", "--dataset", "gone.npz"), "gone.npz"),
        (("data", "show", "--partition", "iidd"), "data.partition"),
        (("data", "show", "--dataset", "cifar10"), "dltui data get cifar10"),
        (("data", "get", "mnist10k"), "there already"),
        (("model", "show", "rsnet18"), "did you mean resnet18"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(words: tuple[str, ...], named: str) -> None:
    done = dltui(*words)
    assert done.exit_code == 2
    assert named in done.stderr
    assert "Traceback" not in done.output


FACTORIES = """
import sys, torch
from torch import nn

class Named(nn.Module):
    def __init__(self, shape, classes, name, value):
        super().__init__()
        self.add_module(name, nn.Linear(shape[0] * shape[1] * shape[2], classes))
        self.register_buffer("spare", value)
        self.name = name
    def forward(self, x):
        return getattr(self, self.name)(x.flatten(1))

def dashed(shape, classes): return Named(shape, classes, "a-b", torch.zeros(1))
def hollow(shape, classes): return Named(shape, classes, "a", torch.zeros(0))
def nan(shape, classes): return Named(shape, classes, "a", torch.tensor([float("nan")]))
def leaves(shape, classes): sys.exit()
"""


@pytest.mark.parametrize(
    ("factory", "named"), [("dashed", "a-b"), ("hollow", "shape"), ("nan", "finite"), ("leaves", "SystemExit")]
)
def test_a_model_that_no_blob_can_hold_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, factory: str, named: str
) -> None:
    (tmp_path / "factories.py").write_text(FACTORIES)
    monkeypatch.syspath_prepend(str(tmp_path))
    done = dltui("model", "show", f"factories:{factory}")
    assert done.exit_code == 2, done.output
    assert f"factories:{factory}: " in done.stderr and named in done.stderr
    sys.modules.pop("factories")


def test_a_model_whose_updates_nobody_would_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dltui.aggregation.blobs.blob.LIMIT", 200_000)
    done = dltui("model", "show", "mlp")
    assert done.exit_code == 2
    assert "model mlp: a model of 203,9" in done.stderr and "at most 200,000" in done.stderr
    said = dltui("model", "show").stdout
    assert said.splitlines()[1].startswith("linear") and "mlp: a model of 203,9" in said


@pytest.mark.parametrize(
    "words", [("data", "get", "cifar10"), ("--no-ui", "--dataset", "cifar10"), ("demo", "--no-ui")]
)
def test_without_a_network_nothing_is_started_and_nothing_stays(tmp_path: Path, words: tuple[str, ...]) -> None:
    environment = {**os.environ, **BLOCKED, "DLTUI_RUNS": str(tmp_path / "runs"), "DLTUI_DATA_DATASET": "cifar10"}
    done = subprocess.run(
        [sys.executable, "-m", "dltui", *words], capture_output=True, text=True, timeout=60, env=environment
    )
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("error:") == 1
    for wanted in ("cifar10 is not there", "cifar-10-python.tar.gz", "cache/dltui/data", "mnist10k", "folder:PATH"):
        assert wanted in done.stderr
    assert not (tmp_path / "runs").exists()
    assert list((tmp_path / "cache" / "dltui" / "data").iterdir()) == []
