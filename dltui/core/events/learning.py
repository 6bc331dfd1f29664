"""What is learned from what, told once before the first round."""

from __future__ import annotations

from typing import ClassVar

from dltui.core import format as fmt
from dltui.core.envelope import Payload
from dltui.core.state.entities import DataSet, Model
from dltui.core.state.state import State, require

__all__ = ["DataDescribed", "ModelDescribed"]


class DataDescribed(Payload, frozen=True, kw_only=True):
    """The data set as the evaluator read it: `test` of its records are in the test split that no client sees.

    `sha256` is that of the stored records and labels, so two runs on different data tell different ones.
    """

    KIND: ClassVar[str] = "data.described"
    dataset: str
    schema: str
    records: int
    classes: int
    test: int
    sha256: str

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Keep what the run learns from; it stays the same, also when the run is resumed."""
        require(state.data is None or state.data.sha256 == self.sha256, "the run goes on with other data")
        state.data = DataSet(self.dataset, self.schema, self.records, self.classes, self.test, self.sha256)
        return ("run",)

    def sentence(self) -> str:
        """Name the data and how many records are tested on."""
        records = f"{fmt.plural(self.records, 'record')} of {self.schema}"
        return f"{self.dataset}: {records}, {self.test:,} of them to test on  {self.sha256[:12]}"


class ModelDescribed(Payload, frozen=True, kw_only=True, omit_defaults=True):
    """The model: numbers that training changes, bytes of a version's blob, and where it is computed.

    `round_seconds` is the training time of one round, estimated from a few steps measured on this machine. `slots` is
    how many clients train at once; 0 in runs of earlier editions.
    """

    KIND: ClassVar[str] = "model.described"
    model: str
    parameters: int
    bytes: int
    device: str
    round_seconds: float
    slots: int = 0

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Keep the model and what a round of it takes."""
        state.model = Model(self.model, self.parameters, self.bytes, self.device, self.round_seconds, self.slots)
        return ("run",)

    def sentence(self) -> str:
        """Name the model, its size and its time."""
        size = f"{fmt.plural(self.parameters, 'parameter')}, {fmt.megabytes(self.bytes)} an update"
        took = f"about {fmt.duration(self.round_seconds)} of training a round on {self.device} (estimated)"
        return f"{self.model}: {size}, {took}"
