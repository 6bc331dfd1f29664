"""What is learned from what, told once before the first round."""

from __future__ import annotations

from typing import ClassVar

from dltui.core.events.envelope import Payload


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
