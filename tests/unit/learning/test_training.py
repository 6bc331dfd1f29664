"""Training and evaluation: what changes, what must not, and equal bytes for equal seeds."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from dltui.aggregation.blobs.canonical import digest_of
from dltui.aggregation.blobs.model import decode_model, encode_model
from dltui.errors import ConfigError
from dltui.learning.data.datasets import Dataset
from dltui.learning.models.models import build, load_tensors, tensors
from dltui.learning.models.preload import warm
from dltui.learning.training.evaluation import evaluate
from dltui.learning.training.training import Progress, TrainSettings, train, update_from

FAST = TrainSettings(steps=6, batch_size=16)


@pytest.fixture(scope="module")
def records(mnist: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    return mnist.tensors(np.arange(100))


def trained(
    name: str, records: tuple[torch.Tensor, torch.Tensor], settings: TrainSettings = FAST, seed: int = 1
) -> bytes:
    model = build(name, (1, 28, 28), 10, 0)
    train(model, *records, settings, seed)
    return encode_model(tensors(model))


@pytest.mark.parametrize("name", ["mlp", "cnn", "cnn-bn"])
def test_the_global_tensors_are_unchanged_by_local_training(name: str, records: Any) -> None:
    base = tensors(build(name, (1, 28, 28), 10, 0))
    kept = encode_model(base)
    model = build(name, (1, 28, 28), 10, 99)
    for client in range(2):
        load_tensors(model, base)
        train(model, *records, FAST, seed=client)
        assert encode_model(base) == kept
        assert encode_model(tensors(model)) != kept


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("name", ["mlp", "cnn", "cnn-bn"])
def test_equal_seeds_give_equal_bytes(name: str, optimizer: str, records: Any) -> None:
    settings = TrainSettings(optimizer=optimizer, learning_rate=0.01, steps=6, batch_size=16, prox_mu=0.1)
    torch.manual_seed(1)
    first = trained(name, records, settings)
    torch.manual_seed(2)
    assert trained(name, records, settings) == first
    assert trained(name, records, settings, seed=2) != first


def test_dropout_is_seeded_and_leaves_the_global_generator_alone(records: Any) -> None:
    def bytes_of(seed: int) -> bytes:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(784, 10))
        state = torch.random.get_rng_state()
        train(model, *records, FAST, seed)
        assert torch.equal(torch.random.get_rng_state(), state)
        torch.rand(1)
        return encode_model(tensors(model))

    assert bytes_of(1) == bytes_of(1) != bytes_of(2)


_SCRIPT = """
import numpy as np
from dltui.aggregation.blobs.canonical import digest_of
from dltui.aggregation.blobs.model import encode_model
from dltui.learning import datasets, models, training, warm
warm.warm()
model = models.build("cnn-bn", (1, 28, 28), 10, 0)
records = datasets.load("mnist10k").tensors(np.arange(100))
training.train(model, *records, training.TrainSettings(steps=6, batch_size=16), 1)
print(digest_of(encode_model(models.tensors(model))))
"""


def test_a_fresh_interpreter_trains_the_same_bytes(records: Any) -> None:
    out = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, timeout=100, check=True)
    assert out.stdout.strip() == digest_of(trained("cnn-bn", records))


def test_progress_counts_every_step_and_the_result_sums_it_up(records: Any) -> None:
    seen: list[Progress] = []
    model = build("mlp", (1, 28, 28), 10, 0)
    result = train(model, *records, TrainSettings(epochs=2, batch_size=32), 1, seen.append)
    assert [(p.step, p.steps) for p in seen] == [(n, 8) for n in range(1, 9)]
    assert (result.steps, result.records) == (8, 100)
    assert result.loss == pytest.approx(sum(p.loss for p in seen) / 8)
    assert result.seconds > 0
    assert seen[-1].loss < seen[0].loss


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        (TrainSettings(epochs=1, batch_size=32), 4),
        (TrainSettings(epochs=3, batch_size=100), 3),
        (TrainSettings(epochs=3, batch_size=1000), 3),
        (TrainSettings(epochs=1, batch_size=1), 100),
        (TrainSettings(epochs=9, steps=5, batch_size=32), 5),
    ],
)
def test_steps_follow_the_settings(settings: TrainSettings, steps: int, records: Any) -> None:
    assert settings.steps_for(100) == steps
    model = build("cnn-bn", (1, 28, 28), 10, 0)
    assert train(model, *records, settings, 1).steps == steps
    assert tensors(model)["buffer.1.num_batches_tracked"] == steps


def test_every_epoch_sees_every_record_once() -> None:
    class Spy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1, 2))
            self.seen: list[int] = []

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.seen += [int(v) for v in x.flatten()]
            return x.flatten(1) @ self.weight

    spy = Spy()
    x = torch.arange(10, dtype=torch.float32).reshape(10, 1, 1, 1)
    train(spy, x, torch.zeros(10, dtype=torch.int64), TrainSettings(epochs=2, batch_size=4), 1)
    assert sorted(spy.seen[:10]) == sorted(spy.seen[10:]) == list(range(10))
    assert spy.seen[:10] != spy.seen[10:]


def test_fedprox_pulls_towards_the_global_model(records: Any) -> None:
    base = tensors(build("mlp", (1, 28, 28), 10, 0))

    def distance(mu: float) -> float:
        after = decode_model(trained("mlp", records, TrainSettings(steps=30, batch_size=16, prox_mu=mu)))
        return float(sum(np.square(after[n] - base[n]).sum() for n in base)) ** 0.5

    assert distance(0) > distance(0.5) > distance(5) > 0


def test_fedprox_is_mu_over_two_times_the_squared_distance() -> None:
    model = nn.Linear(1, 2, bias=False)
    with torch.no_grad():
        model.weight.zero_()
    wrapped = nn.Sequential(nn.Flatten(), model)
    x, y = torch.ones(1, 1, 1, 1), torch.zeros(1, dtype=torch.int64)
    train(wrapped, x, y, TrainSettings(learning_rate=0.1, momentum=0, steps=2, prox_mu=0.5), 1)
    w = np.zeros(2)
    for _ in range(2):
        p = np.exp(w) / np.exp(w).sum()
        w = w - 0.1 * (p - np.array([1.0, 0.0]) + 0.5 * w)
    assert model.weight.detach().numpy().flatten() == pytest.approx(w, abs=1e-6)


def test_the_update_is_trained_minus_base(records: Any) -> None:
    model = build("cnn-bn", (1, 28, 28), 10, 0)
    base = tensors(model)
    train(model, *records, FAST, 1)
    after = tensors(model)
    update = update_from(base, after)
    assert list(update) == sorted(base)
    for name, change in update.items():
        assert change.dtype == base[name].dtype and change.shape == base[name].shape
        expected = after[name] if change.dtype == np.int64 else after[name] - base[name]
        assert change.tobytes() == expected.tobytes()
    assert update["buffer.1.num_batches_tracked"] == 6
    update["param.0.weight"][:] = 0
    assert after["param.0.weight"].any()
    with pytest.raises(ValueError, match="not those of the base"):
        update_from(base, {n: t for n, t in after.items() if n != "param.0.weight"})


def test_training_that_diverges_ends_and_says_so(records: Any) -> None:
    model = build("mlp", (1, 28, 28), 10, 0)
    result = train(model, *records, TrainSettings(learning_rate=1e30, steps=5), 1)
    assert not np.isfinite(result.loss)


@pytest.mark.parametrize(
    "wrong",
    [
        {"optimizer": "lion"},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"momentum": 1.0},
        {"momentum": -0.1},
        {"prox_mu": -1.0},
        {"epochs": 0},
        {"steps": 0},
        {"batch_size": 0},
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        TrainSettings(**wrong)


def test_training_and_evaluation_need_records(records: Any) -> None:
    model = build("mlp", (1, 28, 28), 10, 0)
    x, y = records
    for wrong in ((x[:0], y[:0]), (x, y[:5])):
        with pytest.raises(ValueError, match="records"):
            train(model, *wrong, FAST, 1)
        with pytest.raises(ValueError, match="records"):
            evaluate(model, *wrong)


def test_evaluation_counts_in_basis_points_and_changes_nothing() -> None:
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(3), nn.Dropout(0.9))
    model.train()
    x = torch.eye(3).repeat(3, 1).reshape(9, 1, 1, 3)
    y = torch.tensor([0, 1, 2, 0, 1, 2, 1, 2, 0])
    before = {n: v.clone() for n, v in model.state_dict().items()}
    accuracy, loss = evaluate(model, x, y, batch=4)
    assert accuracy == 6666
    assert evaluate(model, x, y, batch=100) == (accuracy, pytest.approx(loss))
    scale = (1 + 1e-5) ** -0.5
    right, wrong = -np.log(np.exp(scale) / (np.exp(scale) + 2)), -np.log(1 / (np.exp(scale) + 2))
    assert loss == pytest.approx((6 * right + 3 * wrong) / 9, rel=1e-5)
    assert model.training
    assert all(torch.equal(v, before[n]) for n, v in model.state_dict().items())


def test_warm_leaves_one_thread_and_the_generator_as_it_was() -> None:
    state = torch.random.get_rng_state()
    torch.set_num_threads(2)
    warm()
    assert torch.get_num_threads() == 1
    assert torch.equal(torch.random.get_rng_state(), state)
