"""From stored records to a model's input: exact integers for bytes, and the shapes that are promised."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dltui.errors import ConfigError
from dltui.learning.data import datasets
from dltui.learning.data.preparation import Preparation

COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [12, 200, 97]], np.uint8).reshape(4, 3, 1, 1)


def test_bytes_are_scaled_and_nothing_else_by_default() -> None:
    x = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    assert np.array_equal(Preparation().apply(x), x.astype(np.float32) / np.float32(255))
    floats = np.array([-3.5, 1e6], np.float32).reshape(1, 1, 1, 2)
    assert np.array_equal(Preparation().apply(floats), floats)


def test_grey_is_luma_as_pillow_has_it() -> None:
    grey = Preparation(channels=1).apply(COLOURS) * 255
    wanted = [Image.fromarray(np.moveaxis(colour, 0, 2)).convert("L").getpixel((0, 0)) for colour in COLOURS]
    assert grey.ravel().tolist() == pytest.approx(wanted, abs=1e-4)
    floats = Preparation(channels=1).apply(COLOURS.astype(np.float32) / 255)
    assert floats.ravel().tolist() == pytest.approx([value / 255 for value in wanted], abs=0.003)


def test_one_channel_becomes_three_equal_ones() -> None:
    x = np.array([[[[7, 9]]]], np.uint8)
    assert (Preparation(channels=3).apply(x)[0] * 255).tolist() == [[[7, 9]]] * 3


def test_each_channel_is_normalised_by_its_own_statistics() -> None:
    x = np.full((2, 3, 2, 2), 51, np.uint8)
    made = Preparation(statistics=((0.0, 0.2, 0.1), (1.0, 0.5, 0.1))).apply(x)
    assert made[1, :, 0, 0].tolist() == pytest.approx([0.2, 0.0, 1.0], abs=1e-6)
    assert made.dtype == np.float32


def test_resized_bytes_are_those_of_pillow() -> None:
    x = np.random.default_rng(3).integers(0, 256, (2, 3, 7, 5), np.uint8)
    made = np.rint(Preparation(size=9).apply(x) * 255).astype(np.uint8)
    wanted = np.asarray(Image.fromarray(x[1, 2]).resize((9, 9), Image.Resampling.BILINEAR))
    assert np.array_equal(made[1, 2], wanted)
    floats = Preparation(size=9).apply(x.astype(np.float32))
    assert np.abs(floats - made).max() < 1.0


@given(
    channels=st.sampled_from([1, 3]),
    wanted=st.sampled_from([0, 1, 3]),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    size=st.integers(0, 9),
    bytes_=st.booleans(),
)
def test_the_shape_is_the_one_that_was_promised(
    channels: int, wanted: int, height: int, width: int, size: int, bytes_: bool
) -> None:
    preparation = Preparation(wanted, size, ((0.5,), (0.25,)))
    x = np.zeros((2, channels, height, width), np.uint8 if bytes_ else np.float32)
    made = preparation.apply(x)
    assert made.shape == (2, *preparation.shape((channels, height, width), "here"))
    assert made.dtype == np.float32 and made.flags.c_contiguous
    assert np.array_equal(made, np.full_like(made, -2))


def test_what_cannot_be_prepared_is_refused_by_name() -> None:
    for preparation, channels, reason in (
        (Preparation(channels=3), 2, "2 channels, not 3"),
        (Preparation(statistics=((0.1, 0.2), (1.0, 1.0))), 3, "another number of channels"),
        (Preparation(statistics=((0.1, 0.2, 0.3), (1.0,))), 3, "another number of channels"),
    ):
        with pytest.raises(ConfigError, match=reason) as caught:
            preparation.shape((channels, 4, 4), "here")
        assert caught.value.where == "here"


def test_a_named_data_set_knows_its_usual_constants() -> None:
    x, _ = datasets.load("mnist10k", normalise="dataset", size=32).tensors(np.arange(10))
    assert tuple(x.shape) == (10, 1, 32, 32)
    assert float(x.min()) == pytest.approx(-0.1307 / 0.3081)
    with pytest.raises(ConfigError, match="no published mean"):
        datasets.load("os:getcwd", normalise="dataset")
