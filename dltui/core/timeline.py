"""Which moment a face shows: the present one, one that is held, the end of a round, or one chosen from outside."""

from __future__ import annotations

from dltui.core import format as fmt
from dltui.core.events import Event
from dltui.core.snapshots import Frames, still
from dltui.core.state.state import State


class Picture:
    """Stands between the live state and what is drawn. It never loses an event: it only chooses the state."""

    def __init__(self) -> None:
        self._frames = Frames()
        self._held: State | None = None
        self.past: int | None = None
        """The round whose end is shown; None for the present."""
        self.moment: State | None = None
        """The moment that was chosen from outside, such as the end of a walkthrough's beat."""

    def note(self, state: State, event: Event) -> None:
        """Note an event before it is applied to the live state."""
        self._frames.note(state, event)

    @property
    def _chosen(self) -> State | None:
        if self.moment is not None:
            return self.moment
        return self._held if self.past is None else self._frames.at(self.past)

    def shown(self, live: State) -> State:
        """Return the state to draw."""
        return self._chosen or live

    def now(self, now: float) -> float:
        """Return the time to measure ages against, unix seconds: that of the shown moment if it is not the present."""
        state = self._chosen
        last = fmt.unix(state.last_ts) if state is not None else None
        return now if last is None else last

    @property
    def says(self) -> str:
        """The moment that is shown, in words; empty for the present."""
        if self.moment is not None:
            return "an earlier beat"
        if self.past is not None:
            return f"round {self.past}" if self.past else "the set-up"
        return "the frozen picture" if self.frozen else ""

    @property
    def elsewhere(self) -> bool:
        """An earlier moment is shown."""
        return self.past is not None or self.moment is not None

    @property
    def frozen(self) -> bool:
        """The picture is held."""
        return self._held is not None

    @property
    def live(self) -> bool:
        """The present is shown and moves."""
        return self._chosen is None

    def missed(self, live: State) -> int | None:
        """Return the events since the picture was held; None if it is not."""
        return None if self._held is None else live.last_seq - self._held.last_seq

    def freeze(self, live: State) -> None:
        """Hold the picture as it is, or let it go on."""
        self._held = still(live) if self._held is None else None

    def earlier(self, live: State) -> int | None:
        """Return the newest kept round before the one that is shown."""
        current = self.past if self.past is not None else max(self.shown(live).rounds, default=0)
        return self._frames.before(current)

    def back(self, live: State) -> bool:
        """Go to the end of the round before; return False if none is kept."""
        earlier = self.earlier(live)
        if earlier is None:
            return False
        self.past, self.moment = earlier, None
        return True

    def forward(self, live: State) -> bool:
        """Go to the end of the round after, or to the present or held one; return False if no earlier one is shown."""
        if self.past is None:
            return False
        later, present = self._frames.after(self.past), self._held or live
        self.past = later if later is not None and later < max(present.rounds, default=0) else None
        return True

    def present(self) -> None:
        """Go back to the present, and let it move."""
        self.past = self.moment = self._held = None
