"""Shows a check while it runs: each step that matched, then the match or the first mismatch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from dltui import exits
from dltui.core import format as fmt
from dltui.core.commands import cli_twin, new_command
from dltui.core.commands.checks import check_of
from dltui.core.pages.page import Target
from dltui.core.sanitize import clean
from dltui.tui.background import in_words
from dltui.tui.screens.dialog import Dialog
from dltui.tui.widgets.safe_text import line

if TYPE_CHECKING:
    from dltui.tui.host import Host

UNCHECKED = " NOT CHECKED: "
"""What `dltui verify` writes before the reason why it could not check a part."""


class VerifyScreen(Dialog[None]):
    """Checks one `thing` of a live run through its engine, or with None a whole run that is over or recorded."""

    def __init__(self, app: Host, thing: Target | None) -> None:
        self.dltui = app
        self.thing = thing
        run = app.state.run
        if thing is None:
            title, twin = f"Verify the whole run {run}", f"dltui verify {run}"
        else:
            title = f"Verify {thing[0]} {fmt.short(str(thing[1]))}"
            name, args = check_of(*thing)
            twin = cli_twin(new_command(name, "key", **args))
        self._twin = twin
        self._steps: list[Text] = []
        super().__init__(
            clean(title, 60), self._text("asking …"), [("close", "Close (esc)", "default")], app.ascii_only
        )

    def on_mount(self) -> None:
        """Begins."""
        self.run_worker(self._check(), exit_on_error=False)

    def _text(self, last: str, tone: str = "quiet") -> list[Text]:
        shell = line(("the same from a shell:  ", "quiet"), (self._twin, "quiet"))
        return [*self._steps, line((clean(last, 600), tone)), line(""), shell, line("")]

    def _say(self, step: str) -> None:
        mark = (f"{fmt.symbol('idle')}  ", "warn") if UNCHECKED in step else (f"{fmt.symbol('done')}  ", "ok")
        self._steps.append(line(mark, clean(step, 600)))
        self.show_body(self._text("checking …"))

    async def _check(self) -> None:
        said: list[str] = []

        def say(step: str) -> None:
            if said:
                self._say(said.pop())
            said.append(step)

        kind, id = self.thing or ("run", None)
        try:
            code = await self.dltui.inquiry.verify(kind, id, say)
        except Exception as error:  # nobody else would say so
            code, said = exits.FAILED, [str(in_words(error))]
        last = said[-1] if said else "nothing was said"
        if code == exits.NOT_CHECKED:
            self.show_body(self._text(last, "warn"))
        elif code == exits.OK:
            self._say(last)
            self.show_body(self._text("Everything matches.", "ok"))
        else:
            self.show_body(self._text(f"{fmt.symbol('bad')} {last.removeprefix('error: ')}", "bad"))

    def _fit(self) -> None:
        """Shows the end of a long text, once the frame has its height: before, lines that fit would be out of sight."""
        super()._fit()
        self.call_after_refresh(self.query_one("#dialog-text").scroll_end, animate=False)

    def choose(self, name: str) -> None:
        """Closed."""
        self.dismiss()
