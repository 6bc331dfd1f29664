"""What a client says through its pipe: never more than its reader can take, and never nothing of a turn of events."""

from __future__ import annotations

import json
import os

from dltui.client.telemetry import Telemetry


def test_a_message_of_the_same_activity_may_be_dropped_but_no_change_of_activity() -> None:
    reader, writer = os.pipe()
    telemetry = Telemetry(writer)
    for activity, batch in (("train", 0), ("train", 1), ("train", 2), ("trained", 3), ("publish", 0)):
        telemetry.progress(activity, 1, batch=batch)
    os.close(writer)
    with os.fdopen(reader) as lines:
        said = [json.loads(line) for line in lines]
    assert [(one["activity"], one["batch"]) for one in said] == [("train", 0), ("trained", 3), ("publish", 0)]


def test_a_full_pipe_drops_and_a_closed_one_is_given_up() -> None:
    reader, writer = os.pipe()
    telemetry = Telemetry(writer)
    for number in range(5_000):
        telemetry.timing(number, "training", 0.5)
    os.close(reader)
    telemetry.timing(1, "training", 0.5)
    telemetry.timing(1, "training", 0.5)
    os.close(writer)
