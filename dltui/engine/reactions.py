"""What an event means for the engine itself: times, excused rounds, versions to measure, and alerts that are over."""

from __future__ import annotations

from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.engine.excused_rounds import ExcusedRounds
from dltui.engine.pace import TOO_SLOW
from dltui.engine.recorder import Recorder
from dltui.engine.telemetry import TROUBLE
from dltui.engine.timing import Timings
from dltui.engine.workers import WorkerPool


class Reactions:
    """Follows the events of `recorder`."""

    def __init__(
        self, recorder: Recorder, timings: Timings, excused_rounds: ExcusedRounds, workers: WorkerPool
    ) -> None:
        self._recorder = recorder
        self._timings = timings
        self._excused_rounds = excused_rounds
        self._workers = workers
        recorder.follow(self.follow)

    def follow(self, payload: Payload) -> None:
        """Act on one event, which is written and folded already."""
        self._timings.saw(payload)
        if (alert := _cleared_by(payload)) is not None:
            self._recorder.clear(alert)
        if isinstance(payload, ev.RoundOpened):
            self._excused_rounds.opened(payload.round, payload.deadline, self._workers.running)
        elif isinstance(payload, ev.RoundFinalised):
            self._excused_rounds.finalised()
        elif isinstance(payload, ev.ModelPublished):
            self._workers.evaluator.measure(payload.version, payload.digest)
        elif isinstance(payload, ev.ClientLate):
            self._workers.late(payload.id)
        elif isinstance(payload, ev.ClientExited) and not payload.asked:
            self._excused_rounds.ended(payload.id, self._workers.wanted)


def _cleared_by(payload: Payload) -> str | None:
    """Return the id of the alert that an event brings to an end."""
    if isinstance(payload, ev.RoundFinalised):
        return TOO_SLOW
    if isinstance(payload, ev.UpdateSubmitted):
        return f"{TROUBLE}{payload.client}"
    if isinstance(payload, ev.ClientSpawned):
        return f"exited-{payload.id}"
    if isinstance(payload, ev.ClientReinstated):
        return f"suspended-{payload.id}"
    return None
