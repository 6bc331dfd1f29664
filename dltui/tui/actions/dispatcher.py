"""What the keys do beyond one screen: commands with their confirmation, pages, dialogs, and leaving."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

from textual.screen import Screen

from dltui.config.themes import ThemeName
from dltui.core.commands import Request
from dltui.core.pages.page import Target
from dltui.core.sanitize import clean
from dltui.errors import DltuiError
from dltui.rundir.documents import save
from dltui.tui import preferences
from dltui.tui.actions.catalog import PANES, Action, Answer
from dltui.tui.actions.selection import ScreenSelection, verifiable
from dltui.tui.widgets.footer import Hint

if TYPE_CHECKING:
    from dltui.tui.host import Host

MAIN_ONLY = "works on the main screen"
LOGS_ONLY = "works in the logs"


class Control:
    """Does the actions of the registry for `app`. A screen's own `action_…` goes first, then what is here."""

    def __init__(self, app: Host) -> None:
        self._app = app

    # actions

    def do(self, name: str) -> None:
        """Does an action on the present screen, or says why not."""
        app = self._app
        present: object = app.screen
        if name == "open" and app.story.led and present is app.main and app.main.pane.cursor is None:
            name = "story_pause"
        action = app.actions[name]
        selection = self.selection
        able, why = self.able(action, selection)
        handler = self._handler(app.screen, name)
        if not able:
            app.tell(f"{action.label.lower()}: {why}", "warning")
        elif action.subject and app.ahead.slipped:
            app.tell(f"{action.label.lower()}: the cursor moved as the key was pressed; press it again", "warning")
        elif handler is not None:
            handler()
        elif action.request is not None:
            self.ask(action, action.request(app.state, selection))

    def able(self, action: Action, selection: ScreenSelection) -> Answer:
        """Whether an action is possible on the present screen, and why not."""
        if action.request is None and self._handler(self._app.screen, action.id) is None:
            return False, LOGS_ONLY if action.id in ("only_source", "level") else MAIN_ONLY
        return action.enabled(self._app.state, selection)

    def _handler(self, screen: Screen[Any], name: str) -> Any:
        if name.startswith("pane_"):
            go = getattr(screen, "go_to", None)
            return partial(go, name.removeprefix("pane_")) if go is not None else None
        return getattr(screen, f"action_{name}", None) or getattr(self, f"_{name}", None)

    @property
    def selection(self) -> ScreenSelection:
        """What the keys act on: that of the topmost screen that has one."""
        for screen in reversed(self._app.screen_stack):
            found = getattr(screen, "selection", None)
            if isinstance(found, ScreenSelection):
                return found
        return self.selection_of("", None)

    def selection_of(self, pane: str, selected: Target | None, about: Target | None = None) -> ScreenSelection:
        """What a screen with this under its cursor acts on; nothing may be written from a picture of the past."""
        app, picture = self._app, self._app.picture
        return replace(
            ScreenSelection.of(pane, selected, about),
            read_only=app.read_only,
            past=picture.says if picture.elsewhere else "",
            finished=app.over,
            may_ask=app.may_ask(),
            whole=app.state.finished or app.recording is not None,
            led=app.story.led,
            sortable=pane in PANES and app.main.panes[pane].sorts,
            earlier=picture.earlier(app.state) is not None,
            later=picture.past is not None,
        )

    def hints(self, screen: Screen[Any], selection: ScreenSelection) -> list[Hint]:
        """The key hints of a screen that is not the main one: what leads on, and the commands that are possible now."""
        actions = self._app.actions
        able = {a.id: self.able(a, selection)[0] for a in actions.values()}
        own = [a for a in actions.values() if a.id != "back" and a.request is None and self._handler(screen, a.id)]
        shown = [a for a in own if not a.kept and able[a.id] and (a.footer or a.page)]
        shown += [a for a in actions.values() if a.request is not None and a.page and able[a.id]]
        everything = [actions["back"], *shown, *(a for a in own if a.kept)]
        return [Hint(a.id, a.shown_key, self.label(a), True, a.kept or a.id == "back") for a in everything if a.keys]

    def label(self, action: Action) -> str:
        """The action's label as things stand."""
        return "Resume" if action.id == "pause" and self._app.state.status == "paused" else action.label

    def ask(self, action: Action, request: Request) -> None:
        """Sends a command, after asking where it costs gas or is not easily undone."""
        from dltui.tui.screens.confirm import ConfirmScreen

        app = self._app
        if not (action.confirm or request.onchain):
            app.ask(request.name, request.args)
            return

        def answered(agreed: bool | None) -> None:
            if agreed:
                app.ask(request.name, request.args)
            else:
                app.tell(f"{request.title}: cancelled, nothing was sent")

        app.push_screen(ConfirmScreen(app, request, dangerous=action.dangerous), answered)

    # pages and dialogs

    def open(self, kind: str, id: Any) -> None:
        """Opens the page of a thing."""
        from dltui.tui.screens.page import PageScreen

        self._app.push_screen(PageScreen(self._app, kind, id))

    def _open(self) -> None:
        thing = self.selection.thing
        if thing is not None:
            self.open(*thing)

    def _alerts(self) -> None:
        self.open("alerts", None)

    def _plots(self) -> None:
        from dltui.tui.screens.plots import PlotsScreen

        self._app.push_screen(PlotsScreen(self._app))

    def _logs(self, only: str | None = None) -> None:
        from dltui.tui.screens.logs import LogsScreen

        if self._app.run_dir is None:
            self._app.tell("logs: this screen does not know the run's folder", "warning")
            return
        self._app.push_screen(LogsScreen(self._app, self._app.run_dir / "logs", only))

    def _log(self) -> None:
        client = self._app.state.clients[self.selection.client or ""]
        self._logs(client.id if client.part is None else f"client-{client.part}")

    def _verify(self) -> None:
        from dltui.tui.screens.verify import VerifyScreen

        app = self._app
        app.push_screen(VerifyScreen(app, verifiable(app.state, self.selection)))

    def _add_client(self) -> None:
        from dltui.tui.screens.wizard import WizardScreen

        app = self._app

        def answered(args: dict[str, Any] | None) -> None:
            if args is not None:
                app.ask("client.register", args)

        app.push_screen(WizardScreen(app), answered)

    def _palette(self) -> None:
        from dltui.tui.screens.palette import PaletteScreen

        app = self._app

        def chosen(what: str | Target | None) -> None:
            if isinstance(what, str):
                self.do(what)
            elif what is not None:
                self.open(*what)

        app.push_screen(PaletteScreen(app, self.selection), chosen)

    def _help(self) -> None:
        from dltui.tui.screens.help import HelpScreen

        self._app.push_screen(HelpScreen(self._app, self.selection))

    # the story

    def _story_next(self) -> None:
        self._app.story.next()

    def _story_back(self) -> None:
        self._app.story.back()

    def _story_pause(self) -> None:
        self._app.story.pause()

    def _story_faster(self) -> None:
        self._app.story.change_speed(2.0)

    def _story_slower(self) -> None:
        self._app.story.change_speed(0.5)

    # the screen itself

    def copy(self, value: str) -> None:
        """Puts a value on the clipboard, and into a note for terminals that refuse it."""
        value = clean(value)
        self._app.copy_to_clipboard(value)
        self._app.tell(f"copied {value}")

    def save(self, texts: dict[str, str], name: str, said: str) -> None:
        """Writes texts by suffix to `name` in the run's exports, or gives them to the browser that shows this screen.

        A screen without a run's folder says so, and writes nothing.
        """
        app = self._app
        if app.is_web:
            for suffix, text in texts.items():
                app.deliver_text(io.StringIO(text), save_filename=f"{name}{suffix}")
            app.tell(f"{said} {name}{' and '.join(texts)}, in the browser's downloads")
            return
        if app.run_dir is None:
            app.tell("this screen shows no run of a folder, so there is no place for exports", "error")
            return
        try:
            path, *others = save(texts, app.run_dir / "exports", name)
        except DltuiError as error:
            app.tell(str(error), "error")
        else:
            app.tell(" and ".join([f"{said} {path.resolve()}", *(other.suffix for other in others)]))

    def _screenshot(self) -> None:
        app = self._app
        picture = app.export_screenshot(title="dltui", simplify=True)
        name = f"dltui-{app.state.run or 'screen'}-{app.state.last_seq}"
        self.save({".svg": picture}, name, "screen saved as")

    def _theme(self) -> None:
        app = self._app
        names = [name for name in get_args(ThemeName) if name in app.available_themes]
        app.theme = names[(names.index(app.theme) + 1) % len(names)]
        preferences.keep(app.theme)
        app.tell(f"theme {app.theme}")

    def _quit(self) -> None:
        """Leaves; asks first what to do with a live run."""
        from dltui.tui.screens.quit import QuitScreen

        app = self._app
        if app.over or app.read_only or app.lost:
            app.exit(return_code=(app.state.exit_code or 0) if app.over else 0)
            return

        def answered(choice: str | None) -> None:
            if choice == "detach":
                app.exit(return_code=0)
            elif choice == "stop":
                app.stop_all()

        app.push_screen(QuitScreen(app.state, ascii=app.ascii_only), answered)
