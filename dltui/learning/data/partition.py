"""Splitting one data set among simulated clients: who holds which records, and what the test set is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dltui.errors import ConfigError
from dltui.learning.plugins import FAILS, load_function

SCHEMES = ("iid", "dirichlet", "shards", "quantity", "outlier")
MIN_RECORDS = 10
"""Every client gets at least this many records; a scheme that gives fewer takes from the client that has most."""

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class ClientSplit:
    """One client's records: `train` to learn from, `held_out` to judge others' models with; int64, sorted."""

    train: Indices
    held_out: Indices


@dataclass(frozen=True)
class Partition:
    """Indices into the data set: `test` belongs to no client; all parts are disjoint and together complete."""

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
    """Split records with `labels` (n,) into a stratified test set and `parts` clients, by `seed` alone.

    `iid`: equal random parts. `dirichlet`: each class is dealt in proportions drawn from Dirichlet(alpha)
    (Hsu et al. 2019). `shards`: records sorted by label, cut into `shards_per_client` equal pieces for each
    client (McMahan et al. 2017). `quantity`: random parts whose sizes are drawn from Dirichlet(alpha) (Li et al.
    2022). `outlier`: equal parts, of which the last holds records of half of the labels only. `module:function`: see
    `_custom`. Of its records each client holds out `holdout_fraction`. Raises ConfigError if the numbers are
    impossible.
    """
    _check(parts, scheme, alpha, shards_per_client, test_fraction, holdout_fraction)
    rng = np.random.Generator(np.random.PCG64(seed))
    test, rest = _test_split(labels, test_fraction, rng)
    if len(rest) < parts * MIN_RECORDS:
        hint = f"{MIN_RECORDS} records for each client: use fewer clients or a smaller test set"
        raise ConfigError(f"{len(rest)} records are too few for {parts} clients", hint=hint)
    if ":" in scheme:
        pieces = _custom(scheme, labels[rest], rest, parts, seed)
    else:
        pieces = _built_in(scheme, labels, rest, parts, alpha, shards_per_client, rng)
        _fill(pieces, rng)
    return Partition(np.sort(test), tuple(_hold_out(piece, holdout_fraction, rng) for piece in pieces))


def _built_in(
    scheme: str,
    labels: Indices,
    rest: Indices,
    parts: int,
    alpha: float,
    shards_per_client: int,
    rng: np.random.Generator,
) -> list[Indices]:
    if scheme == "dirichlet":
        return _dirichlet(labels, rest, parts, alpha, rng)
    if scheme == "shards":
        return _shards(labels, rest, parts, shards_per_client, rng)
    shuffled = rng.permutation(rest)
    if scheme == "quantity":
        return np.split(shuffled, _cuts(rng.dirichlet(np.full(parts, alpha)), len(rest)))
    if scheme == "outlier" and parts > 1:
        known = np.unique(labels[rest])
        own = shuffled[np.isin(labels[shuffled], known[: (len(known) + 1) // 2])][: len(rest) // parts]
        return [*np.array_split(shuffled[~np.isin(shuffled, own)], parts - 1), own]
    return list(np.array_split(shuffled, parts))


def _custom(scheme: str, labels: Indices, rest: Indices, parts: int, seed: int) -> list[Indices]:
    """Return the parts that a user's function deals: `function(labels, parts, seed)` returns `parts` lists of places.

    `labels` (m,) are those of the records outside the test set, a place is 0 … m-1. No record may be dealt twice and
    no part may be empty; records that are not dealt belong to no client.
    """
    hint = f"function(labels, parts, seed) returns {parts} lists of different places in labels, none of them empty"
    try:
        pieces = [np.asarray(piece) for piece in load_function(scheme)(labels.copy(), parts, seed)]
    except ConfigError:
        raise
    except FAILS as error:
        raise ConfigError(f"{type(error).__name__}: {error}", where=scheme, hint=hint) from error
    if len(pieces) != parts:
        raise ConfigError(f"dealt {len(pieces)} parts for {parts} clients", where=scheme, hint=hint)
    for number, piece in enumerate(pieces):
        if piece.ndim != 1 or piece.dtype.kind not in "iu" or len(piece) == 0:
            raise ConfigError(f"part {number} is empty or no list of whole numbers", where=scheme, hint=hint)
        if int(piece.min()) < 0 or int(piece.max()) >= len(labels):
            raise ConfigError(f"part {number} names places outside 0 … {len(labels) - 1}", where=scheme, hint=hint)
    dealt = np.concatenate(pieces).astype(np.int64)
    if len(np.unique(dealt)) != len(dealt):
        raise ConfigError("a record was dealt twice", where=scheme, hint=hint)
    return [rest[piece.astype(np.int64)] for piece in pieces]


def _cuts(shares: NDArray[np.float64], records: int) -> Indices:
    """Return where to cut `records` so that the pieces have these shares."""
    return np.rint(np.cumsum(shares)[:-1] * records).astype(np.int64)


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
        cuts = _cuts(rng.dirichlet(np.full(parts, alpha)), len(members))
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
    """Move random records from the largest part to every part below MIN_RECORDS, in place."""
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
    if scheme not in SCHEMES and ":" not in scheme:
        known = f"use {', '.join(SCHEMES)} or module:function"
        raise ConfigError(f"unknown partition scheme {scheme[:40]!r}", hint=known)
    if parts < 1 or shards_per_client < 1:
        raise ConfigError("clients and shards for each client are at least 1")
    if not 0 < alpha < float("inf"):
        raise ConfigError(f"alpha is {alpha}", hint="a positive number; small ones make one-sided clients")
    if not 0 <= test_fraction < 1 or not 0 <= holdout < 1:
        raise ConfigError("the test and held-out fractions are from 0 to below 1")
