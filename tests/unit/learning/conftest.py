"""One torch thread: what clients use, and what makes equal seeds give equal bytes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from dltui.learning.data import datasets


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def mnist() -> datasets.Dataset:
    return datasets.load("mnist10k")
