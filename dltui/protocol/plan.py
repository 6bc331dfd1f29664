"""The learning plan: what every participant must agree on before it trains or votes."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from dltui.config.sections import Config, DataSection
from dltui.core import canonical_json


def learning_plan(config: Config) -> dict[str, Any]:
    """The plan as plain data.

    It names the model, the data schema, the rule and every parameter that changes a result or a deadline, and no id,
    path, port, time or address: two runs of one experiment have one plan, on any machine.
    """
    rounds, data = config.rounds, config.data
    return {
        "kind": "plan",
        "seed": config.run.seed,
        "model": config.model.name,
        "data": {
            "dataset": _base_name(data.dataset),
            "partition": data.partition,
            "parts": data.parts or config.clients.count,
            "alpha": data.alpha if data.partition in ("dirichlet", "quantity") else None,
            "shards_per_client": data.shards_per_client if data.partition == "shards" else None,
            "test_fraction": data.test_fraction,
            "holdout_fraction": data.holdout_fraction,
            **_preparation(data),
        },
        "training": msgspec.to_builtins(config.training),
        "aggregation": msgspec.to_builtins(config.aggregation),
        "committee": {
            "size": rounds.committee,
            "quorum": rounds.quorum,
            "min_submissions": rounds.min_submissions,
            "max_missed": rounds.max_missed,
            "require_approval": rounds.require_approval,
        },
        "deadlines": {
            "train": rounds.train_seconds,
            "train_max": rounds.train_seconds_max,
            "report": rounds.report_seconds,
            "attest": rounds.attest_seconds,
        },
    }


def _base_name(dataset: str) -> str:
    kind = "folder:" if dataset.startswith("folder:") else ""
    return kind + dataset.removeprefix(kind).replace("\\", "/").rstrip("/").rpartition("/")[2]


def _preparation(data: DataSection) -> dict[str, Any]:
    """How records are prepared; a run that leaves them as they are has the same plan as before there was a choice."""
    told = {"size": data.size, "channels": data.channels, "normalise": msgspec.to_builtins(data.normalise)}
    return {key: value for key, value in told.items() if value not in (0, "none")}


def plan_hash(config: Config) -> str:
    """SHA-256 of the plan's canonical JSON, 64 lower-case hex digits."""
    return hashlib.sha256(canonical_json.dumps(learning_plan(config))).hexdigest()
