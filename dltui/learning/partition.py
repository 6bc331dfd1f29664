"""Splitting one data set among simulated clients: who holds which records, and what the test set is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dltui.errors import ConfigError

SCHEMES = ("iid", "dirichlet", "shards")
MIN_RECORDS = 10
"""Every client gets at least this many records; a scheme that gives fewer takes from whoever has most."""

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class ClientSplit:
    """One client's records: `train` to learn from, `held_out` to judge others' models with; int64, sorted."""

    train: Indices
    held_out: Indices


@dataclass(frozen=True)
class Partition:
    """Indices into the data set: `test` belongs to nobody; all parts are disjoint and together complete."""

    test: Indices
    clients: tuple[ClientSplit, ...]


def split(
    labels: Indices,
    parts: int,
    scheme: str = "iid",
    seed: int = 0,
    alpha: float = 0.5,
    shards_per_client: int = 2,
    test_fraction: float = 0.2,
    holdout_fraction: float = 0.0,
) -> Partition:
    """Splits records with `labels` (n,) into a stratified test set and `parts` clients, by `seed` alone.

    `iid`: equal random parts. `dirichlet`: each class is dealt in proportions drawn from Dirichlet(alpha)
    (Hsu et al. 2019). `shards`: records sorted by label, cut into `shards_per_client` equal pieces for each
    client (McMahan et al. 2017). Of its records each client holds out `holdout_fraction`. Raises ConfigError
    where the numbers are impossible.
    """
    _check(parts, scheme, alpha, shards_per_client, test_fraction, holdout_fraction)
    rng = np.random.Generator(np.random.PCG64(seed))
    test, rest = _test_split(labels, test_fraction, rng)
    if len(rest) < parts * MIN_RECORDS:
        hint = f"{MIN_RECORDS} records for each client: use fewer clients or a smaller test set"
        raise ConfigError(f"{len(rest)} records are too few for {parts} clients", hint=hint)
    if scheme == "iid":
        pieces = list(np.array_split(rng.permutation(rest), parts))
    elif scheme == "dirichlet":
        pieces = _dirichlet(labels, rest, parts, alpha, rng)
    else:
        pieces = _shards(labels, rest, parts, shards_per_client, rng)
    _fill(pieces, rng)
    return Partition(np.sort(test), tuple(_hold_out(piece, holdout_fraction, rng) for piece in pieces))


def _test_split(labels: Indices, fraction: float, rng: np.random.Generator) -> tuple[Indices, Indices]:
    test = []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        test.append(members[: round(len(members) * fraction)])
    chosen = np.concatenate(test)
    return chosen, np.setdiff1d(np.arange(len(labels)), chosen, assume_unique=True)


def _dirichlet(labels: Indices, rest: Indices, parts: int, alpha: float, rng: np.random.Generator) -> list[Indices]:
    pieces: list[list[Indices]] = [[] for _ in range(parts)]
    for label in np.unique(labels[rest]):
        members = rng.permutation(rest[labels[rest] == label])
        shares = rng.dirichlet(np.full(parts, alpha))
        cuts = np.rint(np.cumsum(shares)[:-1] * len(members)).astype(np.int64)
        for piece, dealt in zip(pieces, np.split(members, cuts), strict=True):
            piece.append(dealt)
    return [np.concatenate(piece) for piece in pieces]


def _shards(labels: Indices, rest: Indices, parts: int, per_client: int, rng: np.random.Generator) -> list[Indices]:
    shuffled = rng.permutation(rest)
    ordered = shuffled[np.argsort(labels[shuffled], kind="stable")]
    shards = np.array_split(ordered, parts * per_client)
    order = rng.permutation(len(shards))
    return [np.concatenate([shards[s] for s in mine]) for mine in np.split(order, parts)]


def _fill(pieces: list[Indices], rng: np.random.Generator) -> None:
    """Moves random records from the largest part to every part below MIN_RECORDS, in place."""
    for poor in range(len(pieces)):
        while len(pieces[poor]) < MIN_RECORDS:
            rich = int(np.argmax([len(p) for p in pieces]))
            spare = min(MIN_RECORDS - len(pieces[poor]), len(pieces[rich]) - MIN_RECORDS)
            mixed = rng.permutation(pieces[rich])
            pieces[rich] = mixed[spare:]
            pieces[poor] = np.concatenate([pieces[poor], mixed[:spare]])


def _hold_out(piece: Indices, fraction: float, rng: np.random.Generator) -> ClientSplit:
    mixed = rng.permutation(piece)
    held = min(max(1, round(len(mixed) * fraction)), len(mixed) - 1) if fraction > 0 else 0
    return ClientSplit(train=np.sort(mixed[held:]), held_out=np.sort(mixed[:held]))


def _check(parts: int, scheme: str, alpha: float, shards_per_client: int, test_fraction: float, holdout: float) -> None:
    if scheme not in SCHEMES:
        raise ConfigError(f"unknown partition scheme {scheme[:40]!r}", hint=f"use {', '.join(SCHEMES)}")
    if parts < 1 or shards_per_client < 1:
        raise ConfigError("clients and shards for each client are at least 1")
    if not 0 < alpha < float("inf"):
        raise ConfigError(f"alpha is {alpha}", hint="a positive number; small ones make one-sided clients")
    if not 0 <= test_fraction < 1 or not 0 <= holdout < 1:
        raise ConfigError("the test and held-out fractions are from 0 to below 1")
