"""The evaluator: makes version 0 from the seed and measures every version on the test split that no client sees.

It decides nothing. Requests arrive as lines on its pipe from the engine, answers go out on the telemetry pipe.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from typing import Any

from dltui.engine.genesis import first_blobs
from dltui.errors import DltuiError
from dltui.learning import runtime
from dltui.learning.models import models
from dltui.learning.plan import LearningSpec
from dltui.learning.training import estimate, evaluation, task
from dltui.protocol.result import load_version
from dltui.store import open_store

log = logging.getLogger("dltui.evaluator")
ALIVE_SECONDS = 5.0
"""How often it says that it lives, so that one that hangs or was stopped can be told from one that works."""


class EvaluatorSpec(LearningSpec, forbid_unknown_fields=True, kw_only=True):
    """What the evaluator needs beside the task: the store, and `requests`, a named pipe's path."""

    requests: str
    store: str


def run(spec: EvaluatorSpec, answers: int) -> int:
    """Serve until the requests end; returns the exit code."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, lambda *_: _answer(answers, {"kind": "alive"}))
    signal.setitimer(signal.ITIMER_REAL, ALIVE_SECONDS, ALIVE_SECONDS)
    runtime.use_threads(spec.threads)
    try:
        evaluator = _Evaluator(spec)
        _answer(answers, evaluator.genesis())
        with open(spec.requests, encoding="utf-8") as requests:
            for line in requests:
                _answer(answers, evaluator.examine(json.loads(line)))
    except DltuiError as error:
        log.error("%s", error)
        _answer(answers, {"kind": "failed", "message": error.message, "where": error.where, "hint": error.hint})
        return error.exit_code
    return 0


def _answer(descriptor: int, message: dict[str, Any]) -> None:
    os.write(descriptor, json.dumps(message).encode() + b"\n")


class _Evaluator:
    def __init__(self, spec: EvaluatorSpec) -> None:
        self._spec = spec
        self._store = open_store(spec.store)
        self._device = runtime.choose_device(spec.device)
        self._data = task.data(spec)
        self._division = task.division(spec.plan, self._data)
        self._model = task.model(spec.plan, self._data).to(self._device)
        self._x, self._y = self._data.tensors(self._division.test, self._device)

    def genesis(self) -> dict[str, Any]:
        """Put version 0 and the plan into the store, and describe the task; model and seed give the digest."""
        plan = self._spec.plan
        model, manifest = first_blobs(plan.model, models.tensors(self._model), plan.aggregation.rule)
        self._store.put(model)
        self._store.put(plan.encode())
        return {
            "kind": "genesis",
            "digest": self._store.put(manifest),
            "data": {
                "dataset": self._spec.dataset,
                "schema": self._data.schema,
                "records": len(self._data.y),
                "classes": self._data.classes,
                "test": len(self._y),
                "sha256": self._data.fingerprint(),
            },
            "model": {
                "model": plan.model,
                "parameters": models.parameters(self._model),
                "bytes": len(model),
                "device": self._device.type,
                "round_seconds": self._round_seconds(),
                "slots": self._spec.slots,
            },
        }

    def _round_seconds(self) -> float:
        """What the training of a round takes about, measured on the test split while nobody trains yet."""
        settings = self._spec.plan.training
        step = estimate.step_seconds(self._model, self._x, self._y, settings)
        runtime.release_memory()
        records = [len(client.train) for client in self._division.clients]
        return round(estimate.round_seconds(step, records, settings, self._spec.slots), 3)

    def examine(self, request: dict[str, Any]) -> dict[str, Any]:
        """Measure one version: accuracy in basis points and mean loss on the test split."""
        try:
            models.load_tensors(self._model, load_version(request["digest"], self._store.get))
        except (DltuiError, ValueError) as error:
            log.error("version %s: %s", request["version"], error)
            return {"kind": "unmeasured", "version": request["version"]}
        accuracy, loss = evaluation.evaluate(self._model, self._x, self._y)
        runtime.release_memory()
        return {
            "kind": "measured",
            "version": request["version"],
            "accuracy_bp": accuracy,
            "loss": loss,
            "samples": len(self._y),
        }
