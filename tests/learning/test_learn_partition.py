"""Partitions: disjoint, complete, seeded, and nobody left with nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dltui.errors import ConfigError
from dltui.learning.datasets import Dataset
from dltui.learning.partition import MIN_RECORDS, SCHEMES, Partition, split


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


def test_shards_give_each_client_few_labels(mnist: Dataset) -> None:
    for client in split(mnist.y, 10, "shards", seed=1, shards_per_client=2).clients:
        assert len(client.train) == 800
        assert len(np.unique(mnist.y[client.train])) <= 4


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
