"""What each child is told at its start, from the run's configuration."""

from __future__ import annotations

import os
from typing import Any

import msgspec

from dltui.client.outcome import Terms
from dltui.client.spec import ClientSpec
from dltui.config import Config
from dltui.core.plan import plan_hash
from dltui.engine.keys import client_key
from dltui.paths import RunPaths


def parts_of(config: Config) -> int:
    """How many slices the data set is cut into: more than clients leaves some for those that join later."""
    return config.data.parts or config.clients.count


def name_of(config: Config, part: int) -> str:
    """What the client of a slice calls itself."""
    names = config.clients.names
    return names[part] if part < len(names) else f"client-{part}"


def terms_of(config: Config) -> Terms:
    """The part of the plan that results depend on."""
    training, aggregation = config.training, config.aggregation
    return Terms(
        rule=aggregation.rule,
        scale_bits=aggregation.scale_bits,
        max_weight=aggregation.max_weight,
        epochs=training.epochs,
        steps=training.steps,
        batch_size=training.batch_size,
    )


def client_spec(config: Config, paths: RunPaths, part: int, rpc_url: str, addresses: dict[str, str]) -> dict[str, Any]:
    """The spec of the client of slice `part`, as plain data."""
    spec = ClientSpec(
        name=name_of(config, part),
        key=client_key(config.run.seed, part).secret.hex(),
        part=part,
        plan_hash=plan_hash(config),
        rpc_url=rpc_url,
        chain_id=config.chain.chain_id,
        federation=addresses["FLContract"],
        model_registry=addresses["ModelRegistry"],
        data_registry=addresses["DataRegistry"],
        optimizer=config.training.optimizer,
        learning_rate=config.training.learning_rate,
        momentum=config.training.momentum,
        epochs=config.training.epochs,
        steps=config.training.steps,
        batch_size=config.training.batch_size,
        prox_mu=config.training.prox_mu,
        scale_bits=config.aggregation.scale_bits,
        max_weight=config.aggregation.max_weight,
        threads=config.clients.threads,
        gate=str(paths.logs.resolve()),
        gate_slots=config.clients.parallel or os.cpu_count() or 1,
        **_learning(config, paths),
    )
    return dict(msgspec.to_builtins(spec))


def examiner_spec(config: Config, paths: RunPaths, requests: str) -> dict[str, Any]:
    """The examiner's spec, as plain data; `requests` is the path of its named pipe."""
    return {"requests": requests, **_learning(config, paths)}


def _learning(config: Config, paths: RunPaths) -> dict[str, Any]:
    data = config.data
    return {
        "store": str(paths.blobs.resolve()),
        "seed": config.run.seed,
        "parts": parts_of(config),
        "dataset": data.dataset,
        "partition": data.partition,
        "alpha": data.alpha,
        "shards_per_client": data.shards_per_client,
        "test_fraction": data.test_fraction,
        "holdout_fraction": data.holdout_fraction,
        "model": config.model.name,
        "rule": config.aggregation.rule,
    }
