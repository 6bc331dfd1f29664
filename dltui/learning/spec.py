"""What is to be learned from which data: the part of a child's spec that clients and the evaluator share."""

from __future__ import annotations

import msgspec

from dltui.learning.data.catalog import Statistics


class LearningSpec(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The learning fields of the run's configuration, which the plan hash on chain binds. See config.toml for each."""

    seed: int
    parts: int
    dataset: str
    root: str
    """Folder of public data sets; empty for the user's cache."""
    size: int
    channels: int
    normalise: str | Statistics
    partition: str
    alpha: float
    shards_per_client: int
    test_fraction: float
    holdout_fraction: float
    model: str
    optimizer: str
    learning_rate: float
    momentum: float
    epochs: int
    steps: int
    batch_size: int
    prox_mu: float
    rule: str
    device: str
    """auto, cpu, cuda or mps; decided in the process that computes."""
    threads: int
    slots: int
    """How many clients train at the same time; 0 for no bound."""
