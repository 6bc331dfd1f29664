"""The learning plan: what every participant must agree on before it trains or votes.

It is built once from the configuration, and everyone hashes the plan that it runs. The hash is on chain, and it is also
the name of the plan's blob, so the plan of a round can be fetched by what the chain says of the round.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any, Literal

import msgspec

from dltui.config import sections
from dltui.config.sections import Config
from dltui.core import canonical_json
from dltui.errors import BlobError

MAX_BYTES = 1 << 16
"""Largest plan blob."""
NOT_PLANNED = {
    "run.rounds": "more rounds change none of them",
    "chain": "the same blobs come out of any chain",
    "clients": "processes, names and devices of one machine; the count matters as [data] parts if that is 0",
    "data.root": "a folder of one machine",
    "gas": "what the screen compares costs with",
    "ui": "the look of one screen",
    "keys": "the keys of one screen",
}
"""The sections and keys of the configuration that the plan leaves out, each with the reason. It holds all others."""
_LATER: dict[str, dict[str, Any]] = {
    "data": {"size": 0, "channels": 0, "normalise": "none"},
    "training": {"clip": 0.0},
}
"""Keys that are younger than the first plans, with the value at which the canonical form leaves them out.

So a plan that does not use them has the hash that it had before they existed.
"""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the plan and its parts."""


class DataPlan(Part, frozen=True, kw_only=True):
    """The data set, how its records are prepared and divided; None for a number that the partition does not use."""

    dataset: sections.Text
    """A name, or the last part of a path: where the data lies is a matter of each machine."""
    partition: sections.Scheme
    parts: sections.Clients
    alpha: sections.Concentration | None
    shards_per_client: sections.Shards | None
    test_fraction: sections.TestFraction
    holdout_fraction: sections.Fraction
    size: sections.Side = 0
    channels: sections.Channels = 0
    normalise: sections.Normalise = "none"


class CommitteePlan(Part, frozen=True, kw_only=True):
    """Who decides, and who is left out."""

    size: sections.Seats
    quorum: sections.Seats
    min_submissions: sections.Clients
    max_missed: sections.Misses
    require_approval: bool


class DeadlinesPlan(Part, frozen=True, kw_only=True):
    """The windows of a round's phases, in seconds."""

    train: sections.Seconds
    train_max: sections.Seconds
    report: sections.Seconds
    attest: sections.Seconds


class LearningPlan(Part, frozen=True, kw_only=True):
    """Model, data, training, rule and every parameter that changes a result or a deadline.

    It holds no id, path, port, time or address: two runs of one experiment have one plan, on any machine.
    """

    kind: Literal["plan"] = "plan"
    seed: sections.Seed
    model: sections.Text
    data: DataPlan
    training: sections.TrainingSection
    aggregation: sections.AggregationSection
    committee: CommitteePlan
    deadlines: DeadlinesPlan

    @classmethod
    def of(cls, config: Config) -> LearningPlan:
        """Return the plan of a configuration."""
        rounds, data = config.rounds, config.data
        return cls(
            seed=config.run.seed,
            model=config.model.name,
            data=DataPlan(
                dataset=base_name(data.dataset),
                partition=data.partition,
                parts=config.parts,
                alpha=data.alpha if data.partition in ("dirichlet", "quantity") else None,
                shards_per_client=data.shards_per_client if data.partition == "shards" else None,
                test_fraction=data.test_fraction,
                holdout_fraction=data.holdout_fraction,
                size=data.size,
                channels=data.channels,
                normalise=data.normalise,
            ),
            training=config.training,
            aggregation=config.aggregation,
            committee=CommitteePlan(
                size=rounds.committee,
                quorum=rounds.quorum,
                min_submissions=rounds.min_submissions,
                max_missed=rounds.max_missed,
                require_approval=rounds.require_approval,
            ),
            deadlines=DeadlinesPlan(
                train=rounds.train_seconds,
                train_max=rounds.train_seconds_max,
                report=rounds.report_seconds,
                attest=rounds.attest_seconds,
            ),
        )

    def encode(self) -> bytes:
        """Return the canonical JSON of the plan, which is also its blob."""
        plain = msgspec.to_builtins(self)
        for part, defaults in _LATER.items():
            plain[part] = {key: value for key, value in plain[part].items() if value != defaults.get(key, _NEVER)}
        return canonical_json.dumps(plain)

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, 64 lower-case hex digits."""
        return hashlib.sha256(self.encode()).hexdigest()


_NEVER = object()


def decode_plan(data: bytes) -> LearningPlan:
    """Return the plan in a blob. Raises BlobError unless `encode` would write these very bytes."""
    if len(data) > MAX_BYTES:
        raise BlobError(f"a plan of {len(data)} bytes, over the limit of {MAX_BYTES}")
    try:
        plan = msgspec.json.decode(data, type=LearningPlan)
        if plan.encode() == data:
            return plan
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BlobError(f"not a learning plan: {error}") from error
    raise BlobError("a learning plan that is not in canonical form")


def base_name(dataset: str) -> str:
    """Return the name of a data set without the folders of this machine."""
    kind = "folder:" if dataset.startswith("folder:") else ""
    return kind + dataset.removeprefix(kind).replace("\\", "/").rstrip("/").rpartition("/")[2]


class LearningSpec(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A plan, and what one machine adds to it: where its data lies, and on what it computes."""

    plan: LearningPlan
    dataset: str
    """The data set as the configuration names it, with its folders."""
    root: str
    """Folder of public data sets; empty for the user's cache."""
    device: str
    """auto, cpu, cuda or mps; decided in the process that computes."""
    threads: int
    slots: int
    """How many clients train at the same time; 0 for no bound."""


def learning_spec(config: Config) -> LearningSpec:
    """Return what is to be learned from which data on this machine."""
    return LearningSpec(
        plan=LearningPlan.of(config),
        dataset=config.data.dataset,
        root=config.data.root,
        device=config.clients.device,
        threads=config.clients.threads,
        slots=config.clients.parallel or os.cpu_count() or 1,
    )
