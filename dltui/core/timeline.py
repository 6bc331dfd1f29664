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
        """The moment that somebody else chose to look at, such as the end of a walkthrough's beat."""

    def note(self, state: State, event: Event) -> None:
        """Told every event before it is applied to the live state."""
        self._frames.note(state, event)

    @property
    def _chosen(self) -> State | None:
        if self.moment is not None:
            return self.moment
        return self._held if self.past is None else self._frames.at(self.past)

    def shown(self, live: State) -> State:
        """The state to draw."""
        return self._chosen or live

    def now(self, now: float) -> float:
        """The time to measure ages against, unix seconds: that of the shown moment where it is not the present."""
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
        """Events since the picture was held; None where it is not."""
        return None if self._held is None else live.last_seq - self._held.last_seq

    def freeze(self, live: State) -> None:
        """Holds the picture as it is, or lets it go on."""
        self._held = still(live) if self._held is None else None

    def earlier(self, live: State) -> int | None:
        """The newest kept round before the one that is shown."""
        current = self.past if self.past is not None else max(self.shown(live).rounds, default=0)
        return self._frames.before(current)

    def back(self, live: State) -> bool:
        """To the end of the round before; False where none is kept."""
        earlier = self.earlier(live)
        if earlier is None:
            return False
        self.past, self.moment = earlier, None
        return True

    def forward(self, live: State) -> bool:
        """To the end of the round after, or to the present or held picture; False where no earlier round is shown."""
        if self.past is None:
            return False
        later, present = self._frames.after(self.past), self._held or live
        self.past = later if later is not None and later < max(present.rounds, default=0) else None
        return True

    def present(self) -> None:
        """Back to the present, and moving."""
        self.past = self.moment = self._held = None
