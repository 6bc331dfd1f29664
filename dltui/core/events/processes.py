"""Client processes: what runs here, what it says it is doing, and what it was late with."""

from __future__ import annotations

from typing import ClassVar

from dltui.core import format as fmt
from dltui.core.envelope import ChainFact, Payload
from dltui.core.state.state import State, require

__all__ = ["ClientExited", "ClientLate", "ClientProgress", "ClientReady", "ClientSpawned"]

CHANGED = ("clients",)


class ClientSpawned(Payload, frozen=True, kw_only=True):
    """A client process was started; `part` is its slice of the data, and names its log file `client-PART.log`."""

    KIND: ClassVar[str] = "client.spawned"
    id: str
    pid: int
    address: str
    part: int | None = None

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Have its process starting."""
        client = state.client(self.id)
        client.process, client.pid, client.exit_code = "starting", self.pid, None
        client.address, client.activity, client.last_seen = self.address or client.address, "", ts
        client.part = self.part
        return CHANGED

    def sentence(self) -> str:
        """Name its process."""
        return f"{self.id} started, pid {self.pid}"


class ClientReady(Payload, frozen=True, kw_only=True):
    """A client process has loaded its data: record counts of its training and held-out splits."""

    KIND: ClassVar[str] = "client.ready"
    id: str
    pid: int
    train: int
    held_out: int

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Have its process ready."""
        client = state.client(self.id)
        client.process, client.pid, client.last_seen = "ready", self.pid, ts
        client.train, client.held_out = self.train, self.held_out
        return CHANGED

    def sentence(self) -> str:
        """Say what it holds."""
        return f"{self.id} ready: {self.train:,} records to train on, {self.held_out:,} held out"


class ClientProgress(Payload, frozen=True, kw_only=True):
    """What a client says it is doing: no decision uses it. Replaceable, at most once a second a client."""

    KIND: ClassVar[str] = "client.progress"
    id: str
    round: int
    activity: str
    epoch: int = 0
    epochs: int = 0
    batch: int = 0
    batches: int = 0
    loss: float | None = None
    accuracy_bp: int | None = None

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Keep what it does in the newest round; its last word on epochs and batches stays until the next round."""
        client = state.client(self.id)
        client.last_seen = ts
        if self.round < next(reversed(state.rounds), 0):
            return CHANGED
        client.activity = self.activity
        if self.epochs:
            client.epoch, client.epochs = self.epoch, self.epochs
            client.batch, client.batches = self.batch, self.batches
        client.loss = self.loss if self.loss is not None else client.loss
        client.accuracy_bp = self.accuracy_bp if self.accuracy_bp is not None else client.accuracy_bp
        return CHANGED

    def sentence(self) -> str:
        """Say how far it is."""
        parts = [f"{self.id} {self.activity} r{self.round}"]
        if self.epochs:
            parts.append(f"epoch {self.epoch}/{self.epochs}")
        if self.batches:
            parts.append(f"batch {self.batch}/{self.batches}")
        if self.loss is not None:
            parts.append(f"loss {fmt.number(self.loss)}")
        if self.accuracy_bp is not None:
            parts.append(f"result at {fmt.accuracy(self.accuracy_bp)}")
        return "  ".join(parts)


class ClientLate(ChainFact, frozen=True, kw_only=True):
    """The deadline of a phase passed without this client's part (`submit`, `report` or `attest`)."""

    KIND: ClassVar[str] = "client.late"
    LEVEL: ClassVar[str] = "warning"
    id: str
    round: int
    what: str

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Note in the round what it lacks."""
        require(self.round in state.rounds, f"{self.id} was late in round {self.round}, which was never opened")
        state.rounds[self.round].late[self.id] = self.what
        state.rounds[self.round].story.append((ts, f"no {self.what} by the deadline", self.id))
        state.client(self.id)
        return ("clients", "round")

    def sentence(self) -> str:
        """Say what is missing."""
        return f"{self.id} is late: no {self.what} in r{self.round} by the deadline"


class ClientExited(Payload, frozen=True, kw_only=True):
    """A client process ended; a negative code is the signal that ended it. `asked` if the operator stopped it."""

    KIND: ClassVar[str] = "client.exited"
    id: str
    pid: int
    code: int
    asked: bool = False

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Have its process gone."""
        client = state.client(self.id)
        client.process, client.exit_code, client.pid = "stopped" if self.asked else "exited", self.code, None
        client.activity, client.last_seen = "", ts
        return CHANGED

    def sentence(self) -> str:
        """Say how it ended."""
        asked = ", as the operator asked" if self.asked else ""
        return f"{self.id} (pid {self.pid}) {fmt.ending(self.code)}{asked}"

    def level(self) -> str:
        """Judge the end by whether it was asked for."""
        return "info" if self.asked else "error"
