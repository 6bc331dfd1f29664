"""What the engine measured, measured again: data set, model, clients' records, and each version on the test split.

None of it is on the chain. It follows from configuration, data set and blobs, so it is recomputed if the data set is
here. Floating point differs a little between machines: an accuracy may differ by `TOLERANCE` of the records.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dltui.config.sections import Config
from dltui.core import events as ev
from dltui.core.events import Event
from dltui.core.ledger import VersionFacts
from dltui.errors import ConfigError, DltuiError, MismatchError
from dltui.learning import runtime
from dltui.learning.data.catalog import is_plugin
from dltui.learning.data.datasets import Dataset
from dltui.learning.data.partition import Partition
from dltui.learning.models import models
from dltui.learning.plan import LearningSpec, learning_spec
from dltui.learning.training import evaluation, task
from dltui.protocol.blob_kinds import Fetch
from dltui.protocol.result import load_version
from dltui.verify.report import NOT_CHECKED, Step

TOLERANCE = 0.002
"""Part of the test records that another machine may class otherwise."""
LOSS_TOLERANCE = 0.01
"""By which part a loss may differ on another machine."""
MAX_TEST_BYTES = 4 << 30
"""Largest test split that is measured again, as float32."""
NAME = "accuracy"


class Unmeasurable(Exception):
    """Nothing can be recomputed here; the text says why."""


def check(
    config: Config,
    events: Sequence[Event],
    versions: Mapping[int, VersionFacts],
    fetch: Fetch,
    progress: Callable[[str, int, int], None],
) -> Step:
    """Recompute what the journal tells of data, model and accuracies. Raises MismatchError at the first difference."""
    try:
        bench = _Bench(learning_spec(config))
    except (Unmeasurable, ConfigError) as error:
        return Step(NAME, f"of data and test accuracies only the engine's word is known: {error}", NOT_CHECKED)
    parts: dict[str, int | None] = {}
    for event in events:
        if isinstance(event.data, ev.ClientSpawned):
            parts[event.data.id] = event.data.part
        else:
            bench.compare(event, parts)
    found: dict[int, tuple[int, float]] = {}
    for event in events:
        if not isinstance(event.data, ev.ModelEvaluated):
            continue
        version = event.data.version
        if version not in versions:
            raise MismatchError(f"measures version {version}, which is not on the chain", where=_where(event))
        if version not in found:
            progress("measuring versions", len(found), len(versions))
            found[version] = bench.measure(versions[version].digest, fetch)
        _compare(event, event.data, *found[version], bench.samples)
    return Step(NAME, f"{len(found)} versions measured again on {bench.samples} test records, data and model described")


class _Bench:
    """The run's task, made again from its configuration as the evaluator did."""

    def __init__(self, spec: LearningSpec) -> None:
        plan = spec.plan
        for name in (spec.dataset, plan.model, plan.data.partition):
            if is_plugin(name):
                raise Unmeasurable(f"{name} is code of the run's own, which a check does not execute")
        runtime.use_threads(spec.threads)
        try:
            self._device = runtime.choose_device(spec.device)
        except ConfigError:
            self._device = runtime.choose_device("auto")
        self._name, self._model_name = spec.dataset, plan.model
        self._data: Dataset = task.data(spec)
        self._division: Partition = task.division(plan, self._data)
        self.samples = len(self._division.test)
        if not self.samples:
            raise Unmeasurable("there is no test split")
        if self.samples * math.prod(self._data.input_shape) * 4 > MAX_TEST_BYTES:
            raise Unmeasurable("the test split is too large")
        self._model = task.model(plan, self._data).to(self._device)
        self._x, self._y = self._data.tensors(self._division.test, self._device)

    def compare(self, event: Event, parts: Mapping[str, int | None]) -> None:
        """Compare what an event tells of the data, the model, or a client's part of the records."""
        data = event.data
        if isinstance(data, ev.DataDescribed):
            _same(event, "the data set", data.dataset, self._name)
            _same(event, "its schema", data.schema, self._data.schema)
            _same(event, "its records", data.records, len(self._data.y))
            _same(event, "its classes", data.classes, self._data.classes)
            _same(event, "its test split", data.test, self.samples)
            _same(event, "its SHA-256", data.sha256, self._data.fingerprint())
        elif isinstance(data, ev.ModelDescribed):
            _same(event, "the model", data.model, self._model_name)
            _same(event, "its parameters", data.parameters, models.parameters(self._model))
        elif isinstance(data, ev.ClientReady) and (part := parts.get(data.id)) is not None:
            if not 0 <= part < len(self._division.clients):
                raise MismatchError(f"{data.id} has part {part} of the data, which is none", where=_where(event))
            own = self._division.clients[part]
            _same(event, f"the records of {data.id}", (data.train, data.held_out), (len(own.train), len(own.held_out)))

    def measure(self, digest: str, fetch: Fetch) -> tuple[int, float]:
        """Accuracy in basis points and mean loss of a version on the test split."""
        try:
            models.load_tensors(self._model, load_version(digest, fetch))
        except (DltuiError, ValueError) as error:
            raise MismatchError(f"cannot be measured: {error}", where=digest) from error
        return evaluation.evaluate(self._model, self._x, self._y)


def _compare(event: Event, told: ev.ModelEvaluated, accuracy: int, loss: float, samples: int) -> None:
    _same(event, "the number of test records", told.samples, samples)
    if abs(told.accuracy_bp - accuracy) > 1 + max(1, TOLERANCE * samples) * 10_000 / samples:
        _same(event, f"the test accuracy of version {told.version}", told.accuracy_bp, accuracy)
    finite = told.loss is not None and math.isclose(told.loss, loss, rel_tol=LOSS_TOLERANCE, abs_tol=LOSS_TOLERANCE)
    if not finite and (told.loss is not None or math.isfinite(loss)):
        _same(event, f"the test loss of version {told.version}", told.loss, loss)


def _same(event: Event, what: str, told: Any, found: Any) -> None:
    if told != found:
        raise MismatchError(f"{what} is told {told}, recomputed is {found}"[:400], where=_where(event))


def _where(event: Event) -> str:
    return f"event {event.seq} ({event.kind})"
