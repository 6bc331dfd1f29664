"""Commands about the whole run: its rounds, its pause, its end, and the walkthrough that leads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dltui.core.chain_states import VersionState
from dltui.core.commands.arguments import HoldArgs, NoArgs, PresenceArgs, StepArgs
from dltui.core.commands.declaration import Request, Selection, Shortcut, Unavailable, declare

if TYPE_CHECKING:
    from dltui.core.state.state import State


def _open_round(state: State, _selection: Selection) -> Request:
    running = state.in_flight
    if running is not None:
        raise Unavailable(f"round {running.number} is still running")
    if state.status not in ("running", "paused"):
        raise Unavailable(f"the run is {state.status}")
    base = state.base
    if state.require_approval and base is not None and base.state == VersionState.VERIFIED:
        raise Unavailable(f"v{base.number} awaits approval first")
    effect = "a committee is drawn and every active client trains"
    return OPEN_ROUND.request({}, "Open the next round", effect, on="", button="Open")


def _pause(state: State, _selection: Selection) -> Request:
    if state.status == "paused":
        return RESUME.request({}, "Resume the run", "rounds are opened again", button="Resume")
    if state.status != "running":
        raise Unavailable(f"the run is {state.status}")
    return PAUSE.request({}, "Pause the run", "no new round is opened", button="Pause")


OPEN_ROUND = declare(
    "round.open", NoArgs,
    Shortcut("open_round", "n", "Next round", "open the next round now", _open_round, footer=True),
    help="Open the next round now.",
    transaction="FLContract.openRound",
)  # fmt: skip
PAUSE = declare(
    "run.pause", NoArgs,
    Shortcut("pause", "p", "Pause", "pause the run, or resume it", _pause, footer=True),
    words="pause",
    help="Open no new round until the run is resumed.",
)  # fmt: skip
declare("run.stop", NoArgs, words="stop", help="End a run.")
RESUME = declare("run.resume", NoArgs, words="resume", help="Open rounds again.")
declare("run.hold", PresenceArgs, words="")
declare("demo.step", StepArgs, words="")
declare("demo.hold", HoldArgs, words="")
