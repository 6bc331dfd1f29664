"""Models: sizes, seeds, and tensors that are copies."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from dltui.aggregation.blobs.model import decode_model, encode_model
from dltui.errors import ConfigError
from dltui.learning.models.models import MODELS, build, load_tensors, parameters, tensors
from dltui.learning.runtime import derive
from dltui.store import LIMIT

SMALL = [name for name in MODELS if name != "resnet18"]
"""Models that take images of any size from 4x4."""


def test_sizes_of_the_built_in_models() -> None:
    assert {name: parameters(build(name, (1, 28, 28), 10, 0)) for name in MODELS} == {
        "linear": 7_850,
        "mlp": 50_890,
        "cnn": 54_146,
        "cnn-bn": 54_234,
        "resnet18": 11_172_810,
    }


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (2, 5, 4)])
def test_any_image_shape_gives_one_score_for_each_class(name: str, shape: tuple[int, int, int]) -> None:
    assert build(name, shape, 7, 0)(torch.zeros(2, *shape)).shape == (2, 7)


@pytest.mark.parametrize("name", SMALL)
def test_weights_come_from_the_seed_alone(name: str) -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    one = encode_model(tensors(build(name, (1, 28, 28), 10, 5)))
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    assert encode_model(tensors(build(name, (1, 28, 28), 10, 5))) == one
    assert encode_model(tensors(build(name, (1, 28, 28), 10, 6))) != one


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28), (2, 16, 20)])
def test_resnet18_takes_small_images_and_trains_on_a_single_one(shape: tuple[int, int, int]) -> None:
    model = build("resnet18", shape, 7, 0)
    assert model(torch.zeros(1, *shape)).shape == (1, 7)
    assert model.conv1.weight.shape == (64, shape[0], 3, 3)
    named = tensors(model)
    assert named["buffer.bn1.num_batches_tracked"].dtype == np.int64
    assert sum(name.startswith("buffer.") for name in named) == 60
    assert 44_700_000 < len(encode_model(named)) < 44_800_000 < LIMIT


def test_resnet18_refuses_images_that_its_batch_norm_cannot_train_on() -> None:
    with pytest.raises(ConfigError, match="at least 16x16, not 15x28"):
        build("resnet18", (1, 15, 28), 10, 0)


def test_tensors_are_named_by_kind() -> None:
    named = tensors(build("cnn-bn", (1, 8, 8), 3, 0))
    assert list(named) == sorted(named)
    assert {n: (t.dtype.name, t.shape) for n, t in named.items() if n.startswith("buffer.")} == {
        "buffer.1.num_batches_tracked": ("int64", ()),
        "buffer.1.running_mean": ("float32", (12,)),
        "buffer.1.running_var": ("float32", (12,)),
        "buffer.5.num_batches_tracked": ("int64", ()),
        "buffer.5.running_mean": ("float32", (32,)),
        "buffer.5.running_var": ("float32", (32,)),
    }
    assert named["param.0.weight"].shape == (12, 1, 3, 3)


def test_tensors_and_model_share_no_memory() -> None:
    model = build("cnn-bn", (1, 8, 8), 3, 0)
    taken = tensors(model)
    before = {name: array.copy() for name, array in taken.items()}
    with torch.no_grad():
        for value in model.state_dict().values():
            value.add_(1)
    assert all(np.array_equal(taken[n], before[n]) for n in taken)
    load_tensors(model, taken)
    with torch.no_grad():
        for value in model.state_dict().values():
            value.add_(1)
    assert all(np.array_equal(taken[n], before[n]) for n in taken)


def test_load_then_read_gives_the_same_bits_also_from_read_only_arrays() -> None:
    source = tensors(build("cnn-bn", (1, 8, 8), 3, 1))
    target = build("cnn-bn", (1, 8, 8), 3, 2)
    frozen = decode_model(encode_model(source))
    for array in frozen.values():
        array.flags.writeable = False
    load_tensors(target, frozen)
    assert {n: t.tobytes() for n, t in tensors(target).items()} == {n: t.tobytes() for n, t in source.items()}


def test_other_tensors_are_refused_and_change_nothing() -> None:
    model = build("mlp", (1, 2, 2), 2, 0)
    good = tensors(model)
    first = next(iter(good))
    for wrong in (
        {n: t for n, t in good.items() if n != first},
        {**good, "param.extra": good[first]},
        {**good, first: good[first].astype(np.float64)},
        {**good, first: good[first][None]},
        {**good, first: good[first][:1]},
    ):
        with pytest.raises(ValueError, match="not those of this model"):
            load_tensors(model, {n: t + 1 if n != first else t for n, t in wrong.items()})
    assert {n: t.tobytes() for n, t in tensors(model).items()} == {n: t.tobytes() for n, t in good.items()}


def test_unknown_and_unsuitable_models() -> None:
    with pytest.raises(ConfigError, match="did you mean cnn-bn"):
        build("cnn_bn", (1, 28, 28), 10, 0)
    with pytest.raises(ConfigError, match="module:factory"):
        build("zzzzz", (1, 28, 28), 10, 0)
    with pytest.raises(ConfigError, match="use mlp"):
        build("cnn", (1, 1, 64), 10, 0)


def test_a_users_factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_models.py").write_text(
        "import torch\n"
        "def linear(shape, classes):\n"
        "    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(shape[0] * shape[1] * shape[2], classes))\n"
        "def double(shape, classes): return linear(shape, classes).double()\n"
        "def tied(shape, classes):\n"
        "    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 4), torch.nn.Linear(4, 4))\n"
        "    model[2].weight = model[1].weight\n"
        "    return model\n"
        "def text(shape, classes): return 'model'\n"
        "def raises(shape, classes): raise KeyError('weights')\n"
        "def flat(shape, classes): return torch.nn.Linear(shape[2], classes)\n"
        "def narrow(shape, classes): return torch.nn.Linear(9, classes)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert parameters(build("my_models:linear", (1, 2, 2), 3, 0)) == 15
    tied = tensors(build("my_models:tied", (1, 2, 2), 4, 0))
    assert list(tied) == ["param.1.bias", "param.1.weight", "param.2.bias", "param.2.weight"]
    with pytest.raises(ConfigError, match="float64"):
        build("my_models:double", (1, 2, 2), 3, 0)
    with pytest.raises(ConfigError, match=r"torch\.nn\.Module"):
        build("my_models:text", (1, 2, 2), 3, 0)
    with pytest.raises(ConfigError, match="KeyError: 'weights' - factory") as caught:
        build("my_models:raises", (1, 2, 2), 3, 0)
    assert caught.value.where == "my_models:raises"
    with pytest.raises(ConfigError, match=r"two records give \(2, 1, 2, 3\), not \(2, 3\)"):
        build("my_models:flat", (1, 2, 2), 3, 0)
    with pytest.raises(ConfigError, match="RuntimeError: mat1 and mat2"):
        build("my_models:narrow", (1, 2, 2), 3, 0)
    assert build("my_models:linear", (1, 2, 2), 3, 0).training
    sys.modules.pop("my_models")


def test_derived_seeds_differ_by_every_part_and_never_change() -> None:
    seeds = [
        derive(1, "train", 2, 3),
        derive(2, "train", 2, 3),
        derive(1, "model", 2, 3),
        derive(1, "train", 3, 2),
        derive(1, "train", 23),
        derive(1, "train", "2", 3),
        derive(1, "train2", 3),
        derive(1),
        derive(-1),
    ]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert derive(1, "train", 2, 3) == 4232050934441202040
