"""The examiner: makes version 0 from the seed and measures every version on the test split that no client sees.

It decides nothing. Requests arrive as lines on its pipe from the engine, answers go out on the telemetry pipe.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from typing import Any

import msgspec

from dltui.aggregation.manifest import first_version
from dltui.client.outcome import load_version
from dltui.errors import DltuiError
from dltui.learning import datasets, evaluation, models, partition, threads
from dltui.learning.random import derive
from dltui.store import Store

log = logging.getLogger("dltui.examiner")


class ExaminerSpec(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the examiner needs: the learning side of the configuration, and `requests`, a named pipe's path."""

    requests: str
    store: str
    seed: int
    parts: int
    dataset: str
    partition: str
    alpha: float
    shards_per_client: int
    test_fraction: float
    holdout_fraction: float
    model: str
    rule: str


def run(spec: ExaminerSpec, answers: int) -> int:
    """Serve until the requests end; returns the exit code."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threads.use(1)
    try:
        examiner = _Examiner(spec)
        _answer(answers, examiner.genesis())
        with open(spec.requests, encoding="utf-8") as requests:
            for line in requests:
                _answer(answers, examiner.examine(json.loads(line)))
    except DltuiError as error:
        log.error("%s", error)
        _answer(answers, {"kind": "failed", "message": error.message, "where": error.where, "hint": error.hint})
        return error.exit_code
    return 0


def _answer(descriptor: int, message: dict[str, Any]) -> None:
    os.write(descriptor, json.dumps(message).encode() + b"\n")


class _Examiner:
    def __init__(self, spec: ExaminerSpec) -> None:
        self._spec = spec
        self._store = Store(spec.store)
        self._data = datasets.load(spec.dataset)
        self._model = models.build(spec.model, self._data.input_shape, self._data.classes, derive(spec.seed, "model"))
        split = partition.split(
            self._data.y,
            spec.parts,
            spec.partition,
            derive(spec.seed, "partition"),
            alpha=spec.alpha,
            shards_per_client=spec.shards_per_client,
            test_fraction=spec.test_fraction,
            holdout_fraction=spec.holdout_fraction,
        )
        self._x, self._y = self._data.tensors(split.test)

    def genesis(self) -> dict[str, Any]:
        """Put version 0 into the store; its digest is a function of model and seed."""
        model, manifest = first_version(models.tensors(self._model), self._spec.rule)
        self._store.put(model)
        parameters = sum(p.numel() for p in self._model.parameters())
        digest = self._store.put(manifest)
        return {"kind": "genesis", "digest": digest, "parameters": parameters, "bytes": len(model)}

    def examine(self, request: dict[str, Any]) -> dict[str, Any]:
        """Measure one version: accuracy in basis points and mean loss on the test split."""
        try:
            models.load_tensors(self._model, load_version(request["digest"], self._store.get))
        except (DltuiError, ValueError) as error:
            log.error("version %s: %s", request["version"], error)
            return {"kind": "unmeasured", "version": request["version"]}
        accuracy, loss = evaluation.evaluate(self._model, self._x, self._y)
        return {
            "kind": "measured",
            "version": request["version"],
            "accuracy_bp": accuracy,
            "loss": loss,
            "samples": len(self._y),
        }
