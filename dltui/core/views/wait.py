"""Why the run is waiting: a cause, the clients waited for by name, the time left, and what happens then.

Always true and never empty while a run lives. What stops everything comes first: an engine that is gone, then a chain
that is lost, then client processes that are being started again, then the round, then what keeps the next one closed.
"""

from __future__ import annotations

import msgspec

from dltui.core import alerts
from dltui.core import format as fmt
from dltui.core.chain_states import ATTEMPTS, ClientStatus, RoundState, VersionState
from dltui.core.state.entities import Alert, Round
from dltui.core.state.state import State
from dltui.core.views.taking_part import awaited
from dltui.core.views.time import wave


class Waiting(msgspec.Struct, frozen=True):
    """A wait with a name."""

    cause: str
    who: tuple[str, ...] = ()
    seconds_left: int | None = None
    """Negative if the deadline has passed; None if there is none."""
    then: str = ""
    gone: tuple[str, ...] = ()
    """Those of `who` whose process is not running."""
    how: str = ""
    """How far it is, beside the names."""
    first: str = ""
    """What becomes of the run meanwhile, which is said before all else."""

    def about(self, most: int = 5) -> str:
        """Return the cause and the names, at most `most` of them: `3 updates from a, b and c (down)`."""
        who = [f"{id} (down)" if id in self.gone else id for id in self.who]
        return self.cause + (f" from {fmt.names(who, most)}" if who else "")

    @property
    def clock(self) -> str:
        """The time left, or how long the deadline has passed; empty if there is none."""
        if self.seconds_left is None:
            return ""
        if self.seconds_left < 0:
            return f"deadline passed {fmt.seconds(-self.seconds_left)} ago"
        return f"{fmt.seconds(self.seconds_left)} left"

    @property
    def text(self) -> str:
        """The wait in one line."""
        then = f"then {self.then}" if self.then else ""
        first = f"{self.first}: " if self.first else ""
        return first + ", ".join(part for part in (f"waiting for {self.about()}", self.how, self.clock, then) if part)


def waiting(state: State, now: float, *, engine_lost: bool = False) -> Waiting | None:
    """Return what the run waits for at `now` (unix seconds); None only when it has ended.

    `engine_lost` is what a screen knows and a journal cannot: nobody answers on the control socket.
    """
    if state.finished:
        return None
    if engine_lost:
        return Waiting("the engine, which does not answer", then=f"dltui resume {state.run} goes on from the chain")
    if not state.run:
        return Waiting("the engine to start", then="the chain starts")
    return _chain(state) or _processes(state, now) or _in_flight(state, now) or _between(state, now)


def why(state: State, now: float, *, engine_lost: bool = False) -> str:
    """Return the answer to "why is it waiting?" in one line, also when the run has ended."""
    wait = waiting(state, now, engine_lost=engine_lost)
    if wait is not None:
        return wait.text
    if state.status == "done":
        return f"nothing is waited for: the run is done, dltui verify {state.run} checks it"
    because = f": {state.reason}" if state.reason else ""
    return f"nothing is waited for: the run {_ENDED[state.status]}{because}, dltui resume {state.run} goes on from here"


def planned_rounds(state: State, number: int) -> int:
    """Return how many rounds the run needs, as known when round `number` opened: each abort before it adds one."""
    return state.target + sum(r.state == RoundState.ABORTED and r.number < number for r in state.rounds.values())


_ENDED = {"failed": "failed", "stopped": "was stopped"}


def _chain(state: State) -> Waiting | None:
    chain = state.chain
    goes_on = "the round goes on" if state.in_flight else "the run goes on"
    if chain.state == "lost" and chain.engine == "url":
        return Waiting("the node to answer again", then=f"{goes_on} where it was; nobody here can start that node")
    if chain.state == "lost":
        return Waiting("the chain to come back", then=f"the engine brings it forward and {goes_on}")
    if chain.state == "stopped":
        return Waiting("the engine to close the run", then="the summary is written")
    if chain.state != "ready":
        return Waiting("the chain to start", then=goes_on if chain.contracts else "the contracts are deployed")
    if not chain.contracts:
        return Waiting("the contracts to be deployed", then="clients register")
    return None


def _processes(state: State, now: float) -> Waiting | None:
    if alerts.FORKSERVER.among(state.alerts) is None:
        return None
    current = state.in_flight
    left = seconds_left(current.deadline, now) if current else None
    return Waiting("the client processes, which are started again", (), left, "the round goes on with who is back")


def _in_flight(state: State, now: float) -> Waiting | None:
    current = state.in_flight
    if current is None:
        return None
    left = seconds_left(current.deadline, now)
    steps = {RoundState.OPEN: _updates, RoundState.REPORTING: _reports, RoundState.ATTESTING: _attestations}
    return steps[current.state](state, current, left)


def _updates(state: State, current: Round, left: int) -> Waiting:
    who = awaited(state, current)
    have, need = len(current.submitted), state.min_submissions
    if not who or left < 0:
        absent = f"without {fmt.names(who)}" if who else "to the reports"
        return Waiting(
            "the submissions to be closed",
            seconds_left=left,
            then=f"it goes on {absent}" if have >= need else f"it aborts with {have} of {need} updates",
        )
    then = "the round goes on without them" if have >= need else f"it aborts unless {fmt.plural(need, 'update')} came"
    return _from(state, "update", who, left, then, wave(state, current))


def _reports(state: State, current: Round, left: int) -> Waiting:
    who = tuple(id for id in current.committee if id not in current.reported)
    enough = len(current.reported) >= state.quorum
    if not who or left < 0:
        then = "those who reported attest" if enough else _again(current)
        return Waiting("the reports to be closed", seconds_left=left, then=then)
    return _from(state, "report", who, left, "the round goes on without them" if enough else _again(current))


def _attestations(state: State, current: Round, left: int) -> Waiting:
    who = tuple(id for id in current.members if id not in current.attested)
    enough = len(current.attested) >= state.quorum
    if not who or (left < 0 and enough):
        return Waiting("the result to be finalised", seconds_left=left, then=f"without equal seals {_again(current)}")
    if left < 0:
        return Waiting("the attestations to be closed", seconds_left=left, then=_again(current))
    return _from(state, "attestation", who, left, "equal seals decide without them" if enough else _again(current))


def _from(state: State, what: str, who: tuple[str, ...], left: int, then: str, how: str = "") -> Waiting:
    gone = tuple(id for id in who if id in state.clients and state.clients[id].down)
    return Waiting(fmt.plural(len(who), what), who, left, then, gone, how)


def _again(current: Round) -> str:
    return "a new committee is drawn" if current.attempt + 1 < ATTEMPTS else "the round aborts"


def _between(state: State, now: float) -> Waiting:
    due = max(state.rounds, default=0) + 1
    made = sum(r.state == RoundState.FINALISED for r in state.rounds.values())
    more = not state.target or made < state.target
    opens = f"round {due} opens" if more else "the run ends"
    base = state.base
    undecided = base is not None and state.require_approval and base.state == VersionState.VERIFIED
    if state.status == "paused":
        then = f"version {base.number} awaits approval" if base is not None and undecided else opens
        return Waiting("the operator to resume the run", then=then)
    if base is not None and undecided:
        return Waiting(f"the operator to approve or reject version {base.number}", then=opens)
    if not more:
        return Waiting("the engine to close the run", then="the summary is written")
    return _starved(state, due, now) or _clients(state, due) or _opening(state, due)


def _opening(state: State, due: int) -> Waiting:
    last = state.round
    if last is not None and last.state == RoundState.ABORTED:
        return Waiting(f"the engine to open round {due}, since round {last.number} was aborted ({last.reason})")
    return Waiting(f"the engine to open round {due}", then="the clients train")


def _clients(state: State, due: int) -> Waiting | None:
    need = max(state.min_submissions, state.quorum)
    active = sum(client.membership == ClientStatus.ACTIVE for client in state.clients.values())
    if due == 1 and not state.setting("clients", "auto_register", True):
        return _answers(state, need - active)
    outside = (ClientStatus.NONE, ClientStatus.PENDING)
    who = tuple(c.id for c in state.clients.values() if c.membership in outside and c.process in ("starting", "ready"))
    by = "" if state.setting("clients", "auto_register", True) else " by the operator"
    if due == 1 and who and active >= need:
        return Waiting(f"{fmt.names(who)} to be registered{by}", then="round 1 opens")
    if active >= need:
        return None
    return Waiting(
        f"{fmt.plural(need - active, 'more client')} to be registered{by}",
        then=f"round {due} opens" + (f" ({fmt.names(who)} may register)" if who else ""),
    )


def _starved(state: State, due: int, now: float) -> Waiting | None:
    """Too few clients can take part, as the engine said: what happens then comes first, since the rest may be cut."""
    alert = alerts.STARVED.among(state.alerts)
    if alert is None:
        return None
    return Waiting("more clients", then=f"round {due} opens", first=limit(alert, now) or "the run fails if none come")


def limit(alert: Alert, now: float) -> str:
    """Return what becomes of the run while an alert stands; empty if it goes on."""
    if alert.held:
        return "held while a screen is open"
    return f"the run fails in {fmt.seconds(max(0, seconds_left(alert.until, now)))}" if alert.until else ""


def _answers(state: State, missing: int) -> Waiting | None:
    """Wait with the first round until every client that the run starts with has an answer, and enough have a seat."""
    count = state.setting("clients", "count", 0)
    first = [client for client in state.clients.values() if client.part is None or client.part < count]
    asked = [client.id for client in first if client.membership == ClientStatus.PENDING]
    absent = sum(client.membership == ClientStatus.NONE for client in first) + max(0, count - len(first))
    if asked:
        who = fmt.names(asked) if len(asked) < 3 else fmt.plural(len(asked), "client")
        then = f"{fmt.plural(absent, 'more client')} may ask to join" if absent else "round 1 opens"
        return Waiting(f"the operator to register or refuse {who}", then=then)
    if absent:
        return Waiting(f"{fmt.plural(absent, 'client')} to ask to join", then="the operator answers")
    if missing > 0:
        return Waiting(f"{fmt.plural(missing, 'more client')} to be registered by the operator", then="round 1 opens")
    return None


def seconds_left(deadline: int, now: float) -> int:
    """Return the whole seconds until a deadline (unix seconds); negative, at least 1, if it has passed."""
    return int(deadline - now) if deadline >= now else -int(now - deadline) - 1
