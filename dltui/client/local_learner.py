"""The learning side of a client: its slice of the data, its model, and the base it trains from. None of it leaves."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from dltui.aggregation import pipeline
from dltui.aggregation.blobs.update import encode_update
from dltui.aggregation.fixed import Tensors
from dltui.chain import merkle
from dltui.client.secret import RECORD_SALT, derive_secret
from dltui.client.spec import ClientSpec
from dltui.client.telemetry import Telemetry
from dltui.learning import runtime
from dltui.learning.models import models
from dltui.learning.runtime import derive
from dltui.learning.training import estimate, evaluation, task, training
from dltui.protocol.result import load_version
from dltui.store import BlobStore


@dataclass(frozen=True)
class DataCommitment:
    """What the data registry gets: salted Merkle root (32 bytes), record count, schema hash (32 bytes)."""

    root: bytes
    count: int
    schema: bytes


class LocalLearner:
    """The learning side of one client: trains updates and measures models on records that only it holds."""

    def __init__(self, spec: ClientSpec, store: BlobStore, telemetry: Telemetry) -> None:
        self._spec = spec
        self._store = store
        self._telemetry = telemetry
        self._device = runtime.choose_device(spec.device)
        self._data = task.data(spec)
        division = task.division(spec.plan, self._data).clients
        self._own = division[spec.part]
        self._train_x, self._train_y = self._data.tensors(self._own.train, self._device)
        held_out = self._own.held_out if len(self._own.held_out) else self._own.train
        self._held_x, self._held_y = self._data.tensors(held_out, self._device)
        self._model = task.model(spec.plan, self._data).to(self._device)
        self.plan = spec.plan
        self.plan_hash = spec.plan.hash
        self.rank = estimate.rank(spec.part, [len(slice.train) for slice in division], self.plan.training)
        """This client's place in the queue for training: one that takes more steps goes before it."""
        self._steps = pipeline.steps_of(self.plan.training)
        self._base_digest = ""
        self._base: Tensors = {}
        telemetry.ready(len(self._own.train), len(self._own.held_out))

    def commitment(self) -> DataCommitment:
        """Return the salted Merkle root over the training records.

        It proves that they did not change, not that they are good. The salt is the client's own, so a record cannot be
        guessed from the root.
        """
        salt = derive_secret(bytes.fromhex(self._spec.salt), RECORD_SALT)
        labels = self._data.y[self._own.train]
        leaves = [
            merkle.record_leaf(salt, record.tobytes() + int(label).to_bytes(8, "big"))
            for record, label in zip(self._data.records(self._own.train), labels, strict=True)
        ]
        schema = hashlib.sha256(self._data.schema.encode()).digest()
        return DataCommitment(merkle.root(leaves), len(leaves), schema)

    def base(self, digest: str) -> Tensors:
        """Return the tensors of a version, fetched by digest and checked; kept until another one is asked for."""
        if digest != self._base_digest:
            self._base = load_version(digest, self._store.get)
            self._base_digest = digest
        return self._base

    def train(self, round_number: int, client_index: int, base_digest: str, going_on: Callable[[], None]) -> bytes:
        """Train from the base and return the canonical update blob; equal seeds give equal bytes.

        `going_on` is called after every step. Raises DltuiError if the base cannot be had, or training diverges.
        """
        base = self.base(base_digest)
        models.load_tensors(self._model, base)
        started = time.monotonic()

        def say(progress: training.Progress) -> None:
            going_on()
            epochs = 1 if self.plan.training.steps else self.plan.training.epochs
            self._telemetry.progress(
                "train" if progress.step < progress.steps else "trained",
                round_number,
                epoch=min(epochs, progress.step * epochs // progress.steps + 1),
                epochs=epochs,
                batch=progress.step,
                batches=progress.steps,
                loss=progress.loss,
            )

        training.train(
            self._model,
            self._train_x,
            self._train_y,
            self.plan.training,
            derive(self.plan.seed, "train", self._spec.part, round_number),
            say,
        )
        runtime.release_memory()
        changes = pipeline.apply(self._steps, training.update_from(base, models.tensors(self._model)))
        self._telemetry.timing(round_number, "training", time.monotonic() - started)
        return encode_update(
            changes,
            client=client_index,
            round=round_number,
            base=base_digest,
            plan=self.plan_hash,
            scale_bits=self.plan.aggregation.scale_bits,
        )

    def accuracy_bp(self, tensors: Tensors) -> int:
        """Return the accuracy of a model on this client's held-out records, in basis points."""
        models.load_tensors(self._model, tensors)
        accuracy, _ = evaluation.evaluate(self._model, self._held_x, self._held_y)
        runtime.release_memory()
        return accuracy
