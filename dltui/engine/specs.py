"""What each child is told at its start, from the run's configuration."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

import msgspec

from dltui.config.sections import Config
from dltui.learning.spec import LearningSpec
from dltui.protocol.plan import plan_hash
from dltui.rundir.paths import RunPaths

if TYPE_CHECKING:
    # The check before the start reads `learning_spec` alone, and does not wait for the chain's libraries.
    from dltui.chain.nodes.endpoint import Endpoint
    from dltui.engine.keys import Key
    from dltui.protocol.result import Terms


def parts_of(config: Config) -> int:
    """How many slices the data set is cut into: more than clients leaves some for those that join later."""
    return config.data.parts or config.clients.count


def name_of(config: Config, part: int) -> str:
    """What the client of a slice calls itself."""
    names = config.clients.names
    return names[part] if part < len(names) else f"client-{part}"


def terms_of(config: Config) -> Terms:
    """The part of the plan that results depend on."""
    from dltui.protocol.result import Terms

    training, aggregation = config.training, config.aggregation
    return Terms(
        rule=aggregation.rule,
        scale_bits=aggregation.scale_bits,
        max_weight=aggregation.max_weight,
        epochs=training.epochs,
        steps=training.steps,
        batch_size=training.batch_size,
    )


def client_spec(
    config: Config, paths: RunPaths, part: int, key: Key, endpoint: Endpoint, addresses: dict[str, str]
) -> dict[str, Any]:
    """The spec of the client of slice `part`, which signs with `key`, as plain data."""
    from dltui.client.spec import ClientSpec

    spec = ClientSpec(
        name=name_of(config, part),
        key=key.secret.hex(),
        salt=key.salt.hex(),
        part=part,
        plan_hash=plan_hash(config),
        federation=addresses["FLContract"],
        model_registry=addresses["ModelRegistry"],
        data_registry=addresses["DataRegistry"],
        scale_bits=config.aggregation.scale_bits,
        max_weight=config.aggregation.max_weight,
        gate=str(paths.logs.resolve()),
        store=str(paths.blobs.resolve()),
        **dataclasses.asdict(endpoint),
        **msgspec.structs.asdict(learning_spec(config)),
    )
    return dict(msgspec.to_builtins(spec))


def evaluator_spec(config: Config, paths: RunPaths, requests: str) -> dict[str, Any]:
    """The evaluator's spec, as plain data; `requests` is the path of its named pipe."""
    store = str(paths.blobs.resolve())
    return {"requests": requests, "store": store, **msgspec.to_builtins(learning_spec(config))}


def learning_spec(config: Config) -> LearningSpec:
    """What is to be learned from which data."""
    data, training, clients = config.data, config.training, config.clients
    return LearningSpec(
        seed=config.run.seed,
        parts=parts_of(config),
        dataset=data.dataset,
        root=data.root,
        size=data.size,
        channels=data.channels,
        normalise=data.normalise,
        partition=data.partition,
        alpha=data.alpha,
        shards_per_client=data.shards_per_client,
        test_fraction=data.test_fraction,
        holdout_fraction=data.holdout_fraction,
        model=config.model.name,
        **msgspec.structs.asdict(training),
        rule=config.aggregation.rule,
        device=clients.device,
        threads=clients.threads,
        slots=clients.parallel or os.cpu_count() or 1,
    )
