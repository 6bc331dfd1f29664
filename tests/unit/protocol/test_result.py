"""The terms of a result that follow from the plan."""

from __future__ import annotations

import pytest

from dltui.learning.training.training import TrainSettings
from dltui.protocol.result import Terms


@pytest.mark.parametrize("steps", [0, 7])
@pytest.mark.parametrize("records", [1, 31, 32, 33, 1_440])
def test_the_bound_on_steps_is_what_a_client_trains_whatever_the_cap_on_its_weight(records: int, steps: int) -> None:
    terms = Terms("fedavg", 24, 10, 3, steps, 32)
    trained = TrainSettings(epochs=3, steps=steps or None, batch_size=32).steps_for(records)
    assert terms.max_steps(records) == trained
