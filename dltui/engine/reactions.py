"""What an event means for the engine itself: times, excused rounds, versions to measure, and alerts that are over."""

from __future__ import annotations

from dltui.core import alerts
from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.engine.excused_rounds import ExcusedRounds
from dltui.engine.recorder import Recorder
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
        for alert in alerts.cleared_by(payload):
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
