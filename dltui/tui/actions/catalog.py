"""The one registry of actions: bindings, footer, palette, help and `docs/keys.md` are all made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from textual.binding import Binding, BindingType

from dltui.config.keymap import KeysSection, keys_of
from dltui.core.state.state import State
from dltui.tui.actions import client_requests, requests
from dltui.tui.actions.requests import Request, Selection, Unavailable

Answer = tuple[bool, str]
"""Whether an action is possible now, and why not."""

UNBOUND = "unbound"
"""The key of an action without one: no terminal sends it."""
_SHOWN = {
    "escape": "esc",
    "question_mark": "?",
    "comma": ",",
    "full_stop": ".",
}


@dataclass(frozen=True)
class Action:
    """One thing that a key does; `request` makes the command of one that writes.

    `footer`: its hint is in the footer, `kept` even where the footer is short. `dangerous`: it asks in red. `confirm`:
    it asks first although it sends no transaction. `subject`: it acts on the thing under the cursor. `needs` says what
    must be selected, or raises Unavailable.
    """

    id: str
    label: str
    help: str
    group: str
    dangerous: bool = False
    footer: bool = False
    kept: bool = False
    confirm: bool = False
    subject: bool = False
    request: Callable[[State, Selection], Request] | None = None
    needs: Callable[[State, Selection], object] | None = None
    keys: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The keys as Textual's bindings take them."""
        return ",".join(self.keys) or UNBOUND

    @property
    def shown_key(self) -> str:
        """The first key as people write it; empty where it has none."""
        return _SHOWN.get(self.keys[0], self.keys[0]) if self.keys else ""

    @property
    def shown_keys(self) -> str:
        """Every key as people write it."""
        return " ".join(_SHOWN.get(key, key) for key in self.keys)

    def enabled(self, state: State, selection: Selection) -> Answer:
        """Whether it is possible now, and why not."""
        try:
            if self.request is not None:
                if selection.read_only:
                    raise Unavailable("this screen only reads")
                if selection.past:
                    raise Unavailable(f"{selection.past} is shown, and the past cannot be changed")
                if selection.finished:
                    raise Unavailable("the run is over")
                self.request(state, selection)
            if self.needs is not None:
                self.needs(state, selection)
        except Unavailable as why:
            return False, str(why)
        return True, ""


PANES = ("round", "chain", "clients", "registry", "events")
"""The panes in the order of their numbers, from 1."""
OPERATE, LOOK, MOVE, STORY, SCREEN = "Operate", "Look closer", "Move", "Walkthrough and replay", "Screen"
GROUPS = (OPERATE, LOOK, MOVE, STORY, SCREEN)
"""The groups in which help and docs show the actions."""

_ACTIONS: tuple[Action, ...] = (
    Action("register", "Register", "register the selected pending client, or the one that waits longest",
           OPERATE, footer=True, subject=True, request=client_requests.register),
    Action("add_client", "Add client", "start one more client with a free slice of the data; it asks to join",
           OPERATE, request=client_requests.add_client),
    Action("refuse", "Refuse", "refuse the selected pending client; it may ask again",
           OPERATE, dangerous=True, subject=True, request=client_requests.refuse),
    Action("approve", "Approve", "approve the selected model version, or the newest that awaits approval",
           OPERATE, footer=True, subject=True, request=requests.approve),
    Action("reject", "Reject", "reject the selected model version, or the newest that awaits approval",
           OPERATE, dangerous=True, footer=True, subject=True, request=requests.reject),
    Action("suspend", "Suspend", "leave the selected client out until it is reinstated",
           OPERATE, dangerous=True, subject=True, request=client_requests.suspend),
    Action("reinstate", "Reinstate", "let the selected suspended client take part again",
           OPERATE, subject=True, request=client_requests.reinstate),
    Action("ban", "Ban", "shut the selected client out for good",
           OPERATE, dangerous=True, subject=True, request=client_requests.ban),
    Action("complete_leave", "Complete leave", "let a client go that left during a round which is over",
           OPERATE, subject=True, request=client_requests.complete_leave),
    Action("stop_client", "Stop client", "end the process of the selected client",
           OPERATE, dangerous=True, confirm=True, subject=True, request=client_requests.stop_client),
    Action("restart_client", "Restart", "start the selected client's process again",
           OPERATE, subject=True, request=client_requests.restart_client),
    Action("open_round", "Next round", "open the next round now", OPERATE, footer=True, request=requests.open_round),
    Action("pause", "Pause", "pause the run, or resume it", OPERATE, footer=True, request=requests.pause),
    Action("open", "Open", "everything about the selected row",
           LOOK, footer=True, subject=True, needs=requests.something),
    Action("verify", "Verify", "check the selected thing against chain and blobs; a finished run as a whole",
           LOOK, footer=True, subject=True, needs=requests.verifiable),
    Action("log", "Log", "the log of the selected client", LOOK, footer=True, subject=True, needs=requests.own_client),
    Action("logs", "Logs", "the logs of the engine and of every process", LOOK),
    Action("only_source", "This one", "only the process of this line, or all again (logs)", LOOK),
    Action("level", "Level", "everything, warnings, or errors only (logs)", LOOK),
    Action("plots", "Graphs", "accuracy, loss, weight shares and gas as plots", LOOK),
    Action("alerts", "Alerts", "everything that needs the operator, and what to do", LOOK),
    Action("copy", "Copy", "copy the id, address or hash of the selected row", LOOK, subject=True),
    Action("export", "Export", "write the focused pane to a file", LOOK),
    Action("filter", "Filter", "show only rows with a word; ! in front inverts", MOVE, footer=True),
    Action("sort_next", "Sort", "sort by the next column", MOVE, needs=requests.order),
    Action("sort_reverse", "Reverse", "sort the other way round", MOVE, needs=requests.order),
    Action("round_back", "Round before", "show the state as it was when the round before closed",
           MOVE, needs=requests.earlier_round),
    Action("round_forward", "Round after", "one round on", MOVE, needs=requests.later_round),
    Action("live", "Live", "come back to what happens now", MOVE),
    *(Action(f"pane_{name}", name.capitalize(), f"go to the {name} pane; again to zoom it", MOVE) for name in PANES),
    Action("next_pane", "Next pane", "go to the next pane", MOVE),
    Action("previous_pane", "Previous pane", "go to the pane before", MOVE),
    Action("back", "Back", "leave a page, a filter, the zoom or the freeze", MOVE),
    Action("story_next", "Next", "the next beat of the walkthrough, the next beat or round of the replay",
           STORY, needs=requests.story),
    Action("story_back", "Before", "the beat before as it ended, while the run goes on; in a replay, go back",
           STORY, needs=requests.story),
    Action("story_pause", "Hold", "stay in this beat, or go on; enter does it too where no row has the cursor",
           STORY, needs=requests.story),
    Action("story_faster", "Faster story", "twice as fast", STORY, needs=requests.story),
    Action("story_slower", "Slower story", "half as fast", STORY, needs=requests.story),
    Action("zoom", "Zoom", "show the focused pane alone, and all of them again", SCREEN, footer=True),
    Action("freeze", "Freeze", "hold the picture still while the run goes on; again to catch up", SCREEN, footer=True),
    Action("refresh_faster", "Faster", "paint more often", SCREEN),
    Action("refresh_slower", "Slower", "paint less often", SCREEN),
    Action("theme", "Theme", "the next colour theme", SCREEN),
    Action("screenshot", "Screenshot", "write the screen to an SVG file", SCREEN),
    Action("palette", "Commands", "find an action, a client, a version, a round or a transaction", SCREEN, footer=True),
    Action("help", "Help", "what is focused, and its keys", SCREEN, footer=True, kept=True),
    Action("quit", "Quit", "leave; asks what to stop where a run is live", SCREEN, footer=True, kept=True),
)  # fmt: skip


def with_keys(keys: KeysSection) -> tuple[Action, ...]:
    """Every action with its keys under a configuration."""
    return tuple(replace(action, keys=keys_of(getattr(keys, action.id))) for action in _ACTIONS)


ACTIONS = with_keys(KeysSection())
"""Every action, with the keys that ship."""

BY_ID = {action.id: action for action in ACTIONS}
"""Action by id."""

BINDINGS: list[BindingType] = [
    Binding(action.key, f"do('{action.id}')", action.label, id=action.id, show=False) for action in ACTIONS
]
"""The bindings of every screen that is no dialog; the configuration's keys are laid over them by id."""
