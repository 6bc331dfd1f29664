"""Partitions: disjoint, complete, seeded, and nobody left with nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dltui.errors import ConfigError
from dltui.learning.data.datasets import Dataset
from dltui.learning.data.partition import MIN_RECORDS, SCHEMES, Partition, split


def indices(partition: Partition) -> list[int]:
    parts = [partition.test, *(part for c in partition.clients for part in (c.train, c.held_out))]
    return [int(i) for part in parts for i in part]


@settings(max_examples=150, deadline=None)
@given(
    labels=st.lists(st.integers(0, 6), min_size=1, max_size=300),
    parts=st.integers(1, 12),
    scheme=st.sampled_from(SCHEMES),
    seed=st.integers(0, 2**63 - 1),
    alpha=st.floats(1e-6, 1e6),
    shards=st.integers(1, 40),
    test=st.floats(0, 0.9),
    held=st.sampled_from([0.0, 0.01, 0.1, 0.5, 0.99]),
)
def test_every_record_has_exactly_one_place(
    labels: list[int], parts: int, scheme: str, seed: int, alpha: float, shards: int, test: float, held: float
) -> None:
    y = np.array(labels, dtype=np.int64)
    tested = sum(round(labels.count(label) * test) for label in set(labels))
    if len(labels) - tested < parts * MIN_RECORDS:
        with pytest.raises(ConfigError, match="too few"):
            split(y, parts, scheme, seed, alpha, shards, test, held)
        return
    made = split(y, parts, scheme, seed, alpha, shards, test, held)
    assert sorted(indices(made)) == list(range(len(labels)))
    assert len(made.test) == tested
    assert len(made.clients) == parts
    for client in made.clients:
        assert len(client.train) >= 1
        assert len(client.train) + len(client.held_out) >= MIN_RECORDS
        assert (len(client.held_out) > 0) == (held > 0)
        assert client.train.dtype == client.held_out.dtype == np.int64
    again = split(y, parts, scheme, seed, alpha, shards, test, held)
    assert indices(again) == indices(made)


def test_iid_parts_are_equal_and_the_test_set_is_stratified(mnist: Dataset) -> None:
    made = split(mnist.y, 7, "iid", seed=3)
    sizes = [len(c.train) for c in made.clients]
    assert sum(sizes) + len(made.test) == 10_000
    assert max(sizes) - min(sizes) <= 1
    whole, tested = np.bincount(mnist.y), np.bincount(mnist.y[made.test])
    assert tested.tolist() == [round(n * 0.2) for n in whole]
    for client in made.clients:
        shares = np.bincount(mnist.y[client.train], minlength=10) / len(client.train)
        assert np.abs(shares - whole / len(mnist.y)).max() < 0.04


def test_another_seed_is_another_partition(mnist: Dataset) -> None:
    for scheme in SCHEMES:
        assert indices(split(mnist.y, 5, scheme, seed=1)) != indices(split(mnist.y, 5, scheme, seed=2))


def test_dirichlet_gets_more_one_sided_with_smaller_alpha(mnist: Dataset) -> None:
    def largest_share(alpha: float) -> float:
        clients = split(mnist.y, 5, "dirichlet", seed=1, alpha=alpha).clients
        return float(np.mean([np.bincount(mnist.y[c.train]).max() / len(c.train) for c in clients]))

    shares = [largest_share(alpha) for alpha in (0.05, 0.5, 100.0)]
    assert shares[0] > 0.5 > shares[1] > 0.2 > shares[2]


def test_an_outlier_has_half_of_the_labels_and_as_many_records(mnist: Dataset) -> None:
    *others, last = split(mnist.y, 5, "outlier", seed=1).clients
    assert set(mnist.y[last.train]) == {0, 1, 2, 3, 4}
    assert all(set(mnist.y[client.train]) == set(range(10)) for client in others)
    assert {len(client.train) for client in (*others, last)} == {1600}


def test_shards_give_each_client_few_labels(mnist: Dataset) -> None:
    for client in split(mnist.y, 10, "shards", seed=1, shards_per_client=2).clients:
        assert len(client.train) == 800
        assert len(np.unique(mnist.y[client.train])) <= 4


def test_quantity_skew_changes_sizes_and_not_labels(mnist: Dataset) -> None:
    def sizes(alpha: float) -> list[int]:
        return sorted(len(c.train) for c in split(mnist.y, 5, "quantity", seed=1, alpha=alpha).clients)

    assert sum(sizes(0.3)) == 8000
    assert sizes(0.3)[0] < 400 and sizes(0.3)[-1] > 3000
    assert max(sizes(1e6)) - min(sizes(1e6)) < 20
    whole = np.bincount(mnist.y) / len(mnist.y)
    largest = max(split(mnist.y, 5, "quantity", seed=1, alpha=0.3).clients, key=lambda c: len(c.train))
    assert np.abs(np.bincount(mnist.y[largest.train]) / len(largest.train) - whole).max() < 0.02


OWN = """
def odd_and_even(labels, parts, seed):
    return [[i for i, label in enumerate(labels) if label % parts == part] for part in range(parts)]
def few(labels, parts, seed): return [[part + seed % 2] for part in range(parts)]
def twice(labels, parts, seed): return [[0, 1], [1, 2]]
def outside(labels, parts, seed): return [[0], [len(labels)]]
def negative(labels, parts, seed): return [[0], [-1]]
def empty(labels, parts, seed): return [[0], []]
def floats(labels, parts, seed): return [[0.0], [1.0]]
def nested(labels, parts, seed): return [[[0]], [[1]]]
def short(labels, parts, seed): return [[0]]
def broken(labels, parts, seed): return 1 / 0
def spoils(labels, parts, seed):
    labels[:] = 0
    return [[0], [1]]
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "my_parts.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("my_parts", None)


def test_a_users_partition_deals_what_is_no_test_record(own: None, mnist: Dataset) -> None:
    made = split(mnist.y, 2, "my_parts:odd_and_even", seed=1, holdout_fraction=0.1)
    assert sorted(indices(made)) == list(range(10_000))
    for number, client in enumerate(made.clients):
        assert set(mnist.y[client.train] % 2) == set(mnist.y[client.held_out] % 2) == {number}
    few = split(mnist.y, 3, "my_parts:few", seed=1, holdout_fraction=0.5)
    assert [(len(c.train), len(c.held_out)) for c in few.clients] == [(1, 0)] * 3
    assert not set(few.test) & {int(i) for c in few.clients for i in c.train}
    before = mnist.y.copy()
    split(mnist.y, 2, "my_parts:spoils")
    assert np.array_equal(mnist.y, before)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("twice", "dealt twice"),
        ("outside", "part 1 names places outside"),
        ("negative", "part 1 names places outside"),
        ("empty", "part 1 is empty"),
        ("floats", "part 0 is empty or no list of whole numbers"),
        ("nested", "part 0 is empty or no list"),
        ("short", "dealt 1 parts for 2"),
        ("broken", "ZeroDivisionError"),
        ("none", "AttributeError"),
    ],
)
def test_a_users_partition_is_checked(own: None, mnist: Dataset, name: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        split(mnist.y, 2, f"my_parts:{name}")
    assert caught.value.where == f"my_parts:{name}"


def test_held_out_records_are_a_fraction_of_each_clients_own(mnist: Dataset) -> None:
    for client in split(mnist.y, 5, seed=1, holdout_fraction=0.05).clients:
        assert (len(client.held_out), len(client.train)) == (80, 1520)


def test_an_extreme_dirichlet_still_gives_everybody_the_minimum(mnist: Dataset) -> None:
    made = split(mnist.y, 200, "dirichlet", seed=1, alpha=0.001)
    sizes = [len(c.train) for c in made.clients]
    assert min(sizes) == MIN_RECORDS
    assert sum(sizes) + len(made.test) == 10_000


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"scheme": "idd"}, "unknown partition scheme"),
        ({"parts": 0}, "at least 1"),
        ({"shards_per_client": 0}, "at least 1"),
        ({"alpha": 0.0}, "alpha"),
        ({"alpha": float("nan")}, "alpha"),
        ({"alpha": float("inf")}, "alpha"),
        ({"test_fraction": 1.0}, "fractions"),
        ({"test_fraction": -0.1}, "fractions"),
        ({"holdout_fraction": 1.0}, "fractions"),
        ({"parts": 801}, "too few for 801 clients"),
    ],
)
def test_impossible_partitions_are_refused(mnist: Dataset, wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        split(mnist.y, **{"parts": 5, **wrong})
