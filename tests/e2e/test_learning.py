"""Whole runs on data of one's own: what is recorded of them, and a model near the limits."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dltui.core import events as ev
from dltui.learning.data import datasets
from tests.kits.runs import Run, Verifier


def pictures(path: Path, side: int, count: int, seed: int = 5) -> Path:
    """Coloured images of four classes that can be told apart."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 4
    patterns = rng.integers(0, 256, (4, 3, side, side))
    x = np.clip(0.6 * patterns[y] + rng.normal(60, 30, (count, 3, side, side)), 0, 255).astype(np.uint8)
    np.savez_compressed(path, x=x, y=y)
    return path


def test_a_run_records_the_data_that_it_learned_from(
    start: Callable[..., Run], verifier: Verifier, tmp_path: Path
) -> None:
    path = pictures(tmp_path / "mine.npz", 12, 300)
    run = start(
        run__rounds=1,
        clients__count=3,
        data__dataset=str(path),
        data__size=8,
        data__channels=1,
        data__normalise=[[0.4], [0.2]],
        data__partition="quantity",
        model__name="linear",
    )
    assert run.finish() == 0
    [data] = run.of(ev.DataDescribed)
    assert (data.schema, data.records, data.classes, data.test) == ("uint8/1x8x8/4", 300, 4, 60)
    assert data.sha256 == datasets.load(str(path)).fingerprint()
    [model] = run.of(ev.ModelDescribed)
    assert (model.model, model.parameters, model.device) == ("linear", 8 * 8 * 4 + 4, "cpu")
    assert model.round_seconds > 0
    sizes = sorted(ready.train for ready in run.of(ev.ClientReady))
    assert sizes[-1] > 2 * sizes[0]
    checked = verifier("verify", str(run.paths.root), folder=tmp_path)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.slow
def test_a_run_is_not_resumed_on_other_data(start: Callable[..., Run], tmp_path: Path) -> None:
    path = pictures(tmp_path / "mine.npz", 8, 200)
    run = start(run__rounds=200, clients__count=3, data__dataset=str(path))
    run.until(ev.RoundFinalised)
    before = run.until(ev.DataDescribed)
    run.engine.send_signal(signal.SIGKILL)
    run.engine.wait()
    pictures(path, 8, 200, seed=6)
    again = Run(run.paths, after=run.events[-1].seq)
    try:
        assert again.finish() == 2
    finally:
        again.stop()
    [end] = again.of(ev.RunFinished)
    assert "other data than the run began with" in end.reason
    assert {told.sha256 for told in again.of(ev.DataDescribed)} == {before.sha256}
    assert len(again.of(ev.ClientSpawned)) == 3, "a client was started on the other data"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_resnet18_is_learned_attested_and_verified(
    start: Callable[..., Run], verifier: Verifier, tmp_path: Path
) -> None:
    path = pictures(tmp_path / "small.npz", 32, 120)
    run = start(
        run__rounds=2,
        clients__count=3,
        data__dataset=str(path),
        model__name="resnet18",
        rounds__train_seconds=60,
        rounds__train_seconds_max=240,
        rounds__report_seconds=60,
        rounds__attest_seconds=60,
    )
    assert run.finish(500) == 0
    assert [len(done.agreeing) for done in run.of(ev.RoundFinalised)] == [3, 3]
    [model] = run.of(ev.ModelDescribed)
    assert (model.parameters, model.bytes // 100_000) == (11_170_884, 447)
    versions = run.of(ev.ModelPublished)
    assert len({version.digest for version in versions}) == 3
    checked = verifier("verify", str(run.paths.root), folder=tmp_path)
    assert checked.returncode == 0, checked.stderr
