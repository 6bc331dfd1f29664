"""The one registry of actions: bindings, footer, help and confirmations are all made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dltui.core.state import State
from dltui.tui import requests
from dltui.tui.requests import Request, Selection, Unavailable

Answer = tuple[bool, str]
"""Whether an action is possible now, and why not."""


@dataclass(frozen=True)
class Action:
    """One thing that a key does; `request` makes the command of one that writes.

    `footer`: its hint is in the footer, `kept` even where the footer is short. `confirm`: it asks first, and a
    `dangerous` one asks in red.
    """

    id: str
    key: str
    label: str
    help: str
    dangerous: bool = False
    footer: bool = False
    kept: bool = False
    confirm: bool = False
    request: Callable[[State, Selection], Request] | None = None

    @property
    def shown_key(self) -> str:
        """The key as people write it."""
        return {"question_mark": "?", "escape": "esc"}.get(self.key.partition(",")[0], self.key.partition(",")[0])

    def enabled(self, state: State, selection: Selection) -> Answer:
        """Whether it is possible now, and why not."""
        if self.request is None:
            return True, ""
        if selection.read_only:
            return False, "this screen only reads"
        if selection.finished:
            return False, "the run is over"
        try:
            self.request(state, selection)
        except Unavailable as why:
            return False, str(why)
        return True, ""


PANES = ("round", "chain", "clients", "registry", "events")
"""The panes in the order of their numbers, from 1."""

ACTIONS: tuple[Action, ...] = (
    Action("register", "r", "Register", "register the selected pending client, or the one that waits longest",
           footer=True, request=requests.register),
    Action("approve", "a", "Approve", "approve the selected model version, or the newest that awaits approval",
           footer=True, confirm=True, request=requests.approve),
    Action("reject", "x", "Reject", "reject the selected model version, or the newest that awaits approval",
           dangerous=True, footer=True, confirm=True, request=requests.reject),
    Action("open-round", "n", "Next round", "open the next round now", footer=True, request=requests.open_round),
    Action("pause", "p", "Pause", "pause the run, or resume it", footer=True, request=requests.pause),
    Action("stop-client", "K", "Stop client", "stop the process of the selected client",
           dangerous=True, footer=True, confirm=True, request=requests.stop_client),
    Action("restart-client", "R", "Restart", "start the selected client's process again", footer=True,
           request=requests.restart_client),
    Action("freeze", "space", "Freeze", "hold the picture still while the run goes on; again to catch up", footer=True),
    Action("zoom", "z", "Zoom", "show the focused pane alone, and all of them again", footer=True),
    *(Action(f"pane-{name}", str(n), name.capitalize(), f"go to the {name} pane; again to zoom it")
      for n, name in enumerate(PANES, start=1)),
    Action("next-pane", "tab", "Next pane", "go to the next pane"),
    Action("previous-pane", "shift+tab", "Previous pane", "go to the pane before"),
    Action("back", "escape", "Back", "leave the zoom or the freeze"),
    Action("help", "question_mark,f1", "Help", "this page", footer=True, kept=True),
    Action("quit", "q,ctrl+q", "Quit", "leave; asks what to stop where a run is live", footer=True, kept=True),
)  # fmt: skip
"""Every action."""

BY_ID = {action.id: action for action in ACTIONS}
"""Action by id."""
