"""Everything that a client process needs to know at its start; it travels over a socket, never in argv."""

from __future__ import annotations

import msgspec


class ClientSpec(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One participant. The learning fields repeat the run's configuration, which the plan hash on chain binds."""

    name: str
    """What it calls itself when it joins."""
    key: str
    """Its private key, 32 bytes in hex."""
    part: int
    """Which slice of the data set is its own."""
    parts: int
    seed: int
    plan_hash: str
    """Hash of the learning plan that it agreed to, in hex; it trains under no other."""

    rpc_url: str
    chain_id: int
    federation: str
    """Address of the FLContract."""
    model_registry: str
    data_registry: str
    store: str
    """URL of the blob store."""

    dataset: str
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
    scale_bits: int
    max_weight: int

    threads: int = 1
    gate: str = ""
    """Folder with the locks that bound how many clients train at once; empty for no bound."""
    gate_slots: int = 0
