"""The spec that each child gets at its start, from the run's configuration."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import msgspec

from dltui.config.sections import Config
from dltui.learning.plan import learning_spec
from dltui.rundir.paths import RunPaths

if TYPE_CHECKING:
    from dltui.chain.nodes.endpoint import Endpoint
    from dltui.protocol.demo_keys import Key


def name_of(config: Config, part: int) -> str:
    """What the client of a slice calls itself."""
    names = config.clients.names
    return names[part] if part < len(names) else f"client-{part}"


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
        federation=addresses["FLContract"],
        model_registry=addresses["ModelRegistry"],
        data_registry=addresses["DataRegistry"],
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
