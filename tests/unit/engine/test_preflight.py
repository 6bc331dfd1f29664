"""What is refused before a run begins: each cause once, without a chain, a child or a file."""

from __future__ import annotations

import ast
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import dltui
from dltui.config.sections import Config, load
from dltui.core import refusal
from dltui.engine import preflight
from dltui.engine.preflight import Preflight, check_learning
from dltui.errors import ConfigError, DltuiError, RunError

OWN = """
import time
import torch
from torch import nn

def wide(shape, classes): return nn.Sequential(nn.Flatten(), nn.Linear(64, 300_000), nn.Linear(300_000, classes))
def odd(shape, classes): return nn.Linear(3, classes)
def none(): return None
def deal(labels, parts, seed): return [[0]] * parts
def hang(labels, parts, seed): time.sleep(600)
"""


@pytest.fixture(autouse=True)
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "preflight_own.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)


def arrays(shape: tuple[int, ...] = (300, 1, 8, 8), classes: int = 10, low: int = 0, y: str = "y") -> str:
    labels = low + np.arange(shape[0]) % classes
    np.savez("mine.npz", x=np.zeros(shape, np.uint8), **{y: labels})
    return "mine.npz"


REFUSED: dict[str, tuple[Callable[[], dict[str, object]], str]] = {
    "unknown model": (lambda: {"model.name": "nope"}, "unknown model 'nope'"),
    "unknown model before unread data": (lambda: {"model.name": "nope", "data.dataset": "gone.npz"}, "unknown model"),
    "channels last": (
        lambda: {"data.dataset": arrays((300, 32, 32, 3)), "model.name": "cnn"},
        "its channels come last; they belong second",
    ),
    "too small for the model": (
        lambda: {"data.dataset": arrays(), "model.name": "resnet18"},
        "resnet18 needs images of at least 16x16, not 8x8",
    ),
    "model over the blob limit": (
        lambda: {"data.dataset": arrays((300, 3, 600, 600)), "model.name": "mlp"},
        "a blob has at most 67,108,864",
    ),
    "model a little over the blob limit": (
        lambda: {"data.dataset": arrays((300, 1, 512, 512)), "model.name": "mlp"},
        "a blob has at most 67,108,864",
    ),
    "own model over the blob limit": (
        lambda: {"data.dataset": arrays(), "model.name": "preflight_own:wide"},
        "a model of 90,000,432 bytes",
    ),
    "own model that does not fit": (
        lambda: {"data.dataset": arrays(), "model.name": "preflight_own:odd"},
        "RuntimeError",
    ),
    "own model that cannot be imported": (lambda: {"model.name": "preflight_own:gone"}, "AttributeError"),
    "data file missing": (lambda: {"data.dataset": "gone.npz"}, "no such data file"),
    "data file that is a device": (lambda: {"data.dataset": device()}, "is no regular file"),
    "data file without labels": (lambda: {"data.dataset": arrays(y="labels")}, "has no array y"),
    "negative labels": (lambda: {"data.dataset": arrays(low=-3)}, "labels range from -3 to 6"),
    "too many labels": (lambda: {"data.dataset": arrays(low=2_000)}, "labels range from 2000"),
    "one label": (lambda: {"data.dataset": arrays(classes=1)}, "labels range from 0 to 0"),
    "too few records": (lambda: {"data.dataset": arrays((40, 1, 8, 8))}, "records are too few for 5 clients"),
    "own data that fail": (lambda: {"data.dataset": "preflight_own:none"}, "preflight_own:none"),
    "own division that fails": (lambda: {"data.partition": "preflight_own:deal"}, "a record was dealt twice"),
    "a channel conversion": (lambda: {"data.dataset": arrays((300, 2, 8, 8)), "data.channels": 1}, "have 2 channels"),
    "normalisation unknown": (lambda: {"data.dataset": arrays(), "data.normalise": "dataset"}, "no published mean"),
    "no such device": (lambda: {"clients.device": "mps"}, "no MPS here"),
}


def device() -> str:
    """A name of a data file that is an endless device."""
    Path("zero.npz").symlink_to("/dev/zero")
    return "zero.npz"


def config(**keys: object) -> Config:
    return load(None, {}, keys)


@pytest.mark.parametrize("cause", REFUSED)
def test_it_is_refused_before_the_start(cause: str, tmp_path: Path) -> None:
    keys, words = REFUSED[cause]
    with pytest.raises(ConfigError, match=words.replace("(", r"\(")):
        check_learning(config(**keys()), tmp_path)


def test_a_disk_without_room_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10_000_000))
    check_learning(config(**{"run.rounds": 8}), tmp_path)
    with pytest.raises(ConfigError, match=r"9 rounds of 5 clients write about 11\.0 MB, and 10\.0 MB are free"):
        check_learning(config(**{"run.rounds": 9}), tmp_path)


def test_a_built_in_model_is_checked_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom dltui.config.sections import Config\n"
        "from dltui.engine.preflight import check_learning\ncheck_learning(Config(), Path('.'))\n"
        "print({'torch', 'web3', 'eth_account'} & set(sys.modules))"
    )
    read, write = os.pipe()
    pid = os.posix_spawn(
        sys.executable, [sys.executable, "-c", code], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)]
    )
    os.close(write)
    with open(read) as said:
        assert said.read() == "set()\n"
    assert os.waitpid(pid, 0)[1] == 0


def test_the_process_of_the_check_tells_what_it_found(tmp_path: Path) -> None:
    Preflight(Config(), tmp_path).wait()
    with pytest.raises(DltuiError, match="unknown model 'nope'") as told:
        Preflight(config(**{"model.name": "nope"}), tmp_path).wait()
    assert told.value.exit_code == 2 and told.value.hint.startswith("use linear")


def test_a_run_that_is_resumed_needs_no_room_for_the_rounds_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(DltuiError, match="are free"):
        Preflight(Config(), tmp_path).wait()
    Preflight(Config(), tmp_path, new=False).wait()


def test_a_refusal_of_any_length_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ConfigError("x" * 2 * refusal.MAX_BYTES)

    monkeypatch.setattr(preflight, "check_learning", refuse)
    with pytest.raises(DltuiError, match=r"^x+…"):
        Preflight(Config(), tmp_path).wait()


def test_a_check_that_hangs_or_dies_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "SECONDS", 0.2)
    with pytest.raises(ConfigError, match="could not be read within"):
        Preflight(config(**{"data.partition": "preflight_own:hang"}), tmp_path).wait()
    monkeypatch.setattr(preflight, "SECONDS", 20.0)
    monkeypatch.setattr(preflight, "check_learning", lambda *_: os._exit(9))
    with pytest.raises(RunError, match="ended without an answer"):
        Preflight(Config(), tmp_path).wait()


LATER = {
    "learning/runtime.py": "a GPU that `auto` finds is asked for after the fork; cuda and mps before",
    "learning/data/images.py": "an image is decoded when it is needed; folders, classes and sizes are looked at before",
    "learning/data/download.py": "`dltui data get` runs before the engine",
    "engine/calls.py": "an answer to a command",
    "engine/live_verify.py": "an answer to a command",
    "engine/operator.py": "an answer to a command",
    "engine/queries.py": "an answer to a command",
    "engine/workers.py": "a child of a run that is to be stopped or started",
    "engine/evaluator_client.py": "other data than a resumed run began with show by their hash, before anybody trains",
    "engine/command_gate.py": "a command before the run is up",
    "engine/fleet.py": "an answer to a command",
    "engine/loop.py": "rounds that abort",
    "engine/transactor.py": "a command without a transaction",
    "engine/keys.py": "a resumed run's own key file",
    "engine/control_socket.py": "the control socket, which another engine holds",
    "engine/waiting_alert.py": "too few active clients, for a while",
    "engine/recovery.py": "a process that is late",
    "engine/disk_watch.py": "a folder that is removed while the run is going on",
    "engine/deployment.py": "roles are asked before; a base that the blobs lack shows when the history is read",
}
"""Rooms in which an error is raised that no check before the start can know, or that a check raises: why."""
BEFORE = {
    *("learning/data/catalog.py", "learning/data/datasets.py", "learning/data/npz.py", "learning/data/partition.py"),
    *(
        "learning/plugins.py",
        "learning/data/preparation.py",
        "learning/models/models.py",
        "learning/models/sizes.py",
        "learning/training/task.py",
    ),
}
"""Rooms whose errors the check before the start raises, all of them."""


def test_every_room_that_can_refuse_is_decided_upon() -> None:
    """A new error about data or models must say whether it is known before the start."""
    refusing = {room for room in _rooms("learning") | _rooms("engine") if room.startswith("learning") or room in LATER}
    assert refusing == LATER.keys() | BEFORE


def _rooms(folder: str) -> set[str]:
    """The files of a folder that make an error."""
    root, found = Path(dltui.__file__).parent, set()
    for file in root.glob(f"{folder}/**/*.py"):
        calls = [node.func for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
        if {func.id for func in calls if isinstance(func, ast.Name)} & {"ConfigError", "RunError", "ChainError"}:
            found.add(file.relative_to(root).as_posix())
    return found
