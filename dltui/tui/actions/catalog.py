"""The one registry of actions: bindings, footer, palette, help and `docs/keys.md` are all made from it.

Actions that send a command come from its declaration in `core/commands`; those here only change what is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from textual.binding import Binding, BindingType

from dltui.config.keymap import KeysSection, keys_of
from dltui.core.commands import COMMANDS, Request, Selection, Shortcut, Unavailable
from dltui.core.commands.selected import selected_client
from dltui.core.state.state import State
from dltui.tui.actions import selection as needs
from dltui.tui.actions.selection import ScreenSelection

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
    """One thing that a key does; `request` makes the command of one that sends something.

    `footer`: its hint is in the footer, `kept` even if the footer is short; `page`: its hint is on pages. `dangerous`:
    it asks in red. `confirm`: it asks first although it sends no transaction. `subject`: it acts on the thing under
    the cursor. `needs` says what must be selected, or raises Unavailable.
    """

    id: str
    label: str
    help: str
    group: str
    dangerous: bool = False
    footer: bool = False
    page: bool = False
    kept: bool = False
    confirm: bool = False
    subject: bool = False
    request: Callable[[State, Selection], Request] | None = None
    needs: Callable[[State, ScreenSelection], object] | None = None
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

    def enabled(self, state: State, selection: ScreenSelection) -> Answer:
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


def _sending(shortcut: Shortcut) -> Action:
    return Action(
        shortcut.id, shortcut.label, shortcut.help, OPERATE, request=shortcut.request, subject=shortcut.subject,
        footer=shortcut.footer, page=shortcut.page, dangerous=shortcut.dangerous, confirm=shortcut.confirm,
    )  # fmt: skip


_ACTIONS: tuple[Action, ...] = (
    *(_sending(shortcut) for command in COMMANDS.values() for shortcut in command.shortcuts),
    Action("open", "Open", "everything about the selected row",
           LOOK, footer=True, subject=True, needs=needs.something),
    Action("verify", "Verify", "check the selected thing against chain and blobs; a finished run as a whole",
           LOOK, footer=True, subject=True, needs=needs.verifiable),
    Action("log", "Log", "the log of the selected client", LOOK, footer=True, subject=True, needs=selected_client),
    Action("logs", "Logs", "the logs of the engine and of every process", LOOK),
    Action("only_source", "This one", "only the process of this line, or all again (logs)", LOOK, page=True),
    Action("level", "Level", "everything, warnings, or errors only (logs)", LOOK, page=True),
    Action("plots", "Graphs", "accuracy, loss, weight shares and gas as plots", LOOK),
    Action("alerts", "Alerts", "everything that needs the operator, and what to do", LOOK),
    Action("copy", "Copy", "copy the id, address or hash of the selected row", LOOK, subject=True, page=True),
    Action("export", "Export", "write the focused pane to a file", LOOK),
    Action("filter", "Filter", "show only rows with a word; ! in front inverts", MOVE, footer=True),
    Action("sort_next", "Sort", "sort by the next column", MOVE, needs=needs.order),
    Action("sort_reverse", "Reverse", "sort the other way round", MOVE, needs=needs.order),
    Action("round_back", "Round before", "show the state as it was when the round before closed",
           MOVE, needs=needs.earlier_round),
    Action("round_forward", "Round after", "one round on", MOVE, needs=needs.later_round),
    Action("live", "Live", "come back to what happens now", MOVE),
    *(Action(f"pane_{name}", name.capitalize(), f"go to the {name} pane; again to zoom it", MOVE) for name in PANES),
    Action("next_pane", "Next pane", "go to the next pane", MOVE),
    Action("previous_pane", "Previous pane", "go to the pane before", MOVE),
    Action("back", "Back", "leave a page, a filter, the zoom or the freeze", MOVE),
    Action("story_next", "Next", "the next beat of the walkthrough, the next beat or round of the replay",
           STORY, needs=needs.story),
    Action("story_back", "Before", "the beat before as it ended, while the run goes on; in a replay, go back",
           STORY, needs=needs.story),
    Action("story_pause", "Hold", "stay in this beat, or go on; enter does it too where no row has the cursor",
           STORY, needs=needs.story),
    Action("story_faster", "Faster story", "twice as fast", STORY, needs=needs.story),
    Action("story_slower", "Slower story", "half as fast", STORY, needs=needs.story),
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
