"""Sizes by arithmetic are those of the models themselves."""

from __future__ import annotations

import re

import pytest

from dltui.errors import ConfigError
from dltui.learning.models import models, sizes

SHAPES = [(1, 28, 28), (3, 32, 32), (4, 17, 21), (1, 4, 4), (1, 3, 9), (2, 16, 16), (1, 1, 7)]


@pytest.mark.parametrize("name", models.MODELS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("classes", [2, 47])
def test_arithmetic_and_torch_count_the_same(name: str, shape: tuple[int, int, int], classes: int) -> None:
    try:
        counted = models.parameters(models.build(name, shape, classes, seed=0))
    except ConfigError as error:
        with pytest.raises(ConfigError, match=re.escape(error.message)):
            sizes.parameters(name, shape, classes)
    else:
        assert sizes.parameters(name, shape, classes) == counted


def test_a_name_that_is_none() -> None:
    with pytest.raises(ConfigError, match="unknown model 'mpl' - did you mean mlp"):
        sizes.check("mpl", (1, 28, 28))
