"""Declares a command that does not ship, before anything else is loaded, and prints where it is then seen, as JSON."""

from __future__ import annotations

import asyncio
import json

from dltui.core.commands import Request, Selection, Shortcut, declare
from dltui.core.commands.arguments import ClientArgs
from dltui.core.commands.selected import selected_client
from dltui.core.state.state import State


def _praise(state: State, selection: Selection) -> Request:
    client = selected_client(state, selection)
    return PRAISE.request({"client": client.id}, f"Praise {client.id}", "it is glad", on="7", button="Praise")


PRAISE = declare(
    "client.praise", ClientArgs,
    Shortcut("praise", "f9", "Praise", "praise the selected client", _praise,
             subject=True, footer=True, dangerous=True),
    help="Tell a client that it did well.",
    transaction="FLContract.praiseClient",
)  # fmt: skip


async def _on_the_screen() -> dict[str, object]:
    from dltui.config.sections import load
    from dltui.tui.app import DltuiApp
    from tests.kits.screen_dump import screen_text, settle, until
    from tests.kits.screen_scenario import FakeSession, live

    seen: dict[str, object] = {}
    script = live()
    session = FakeSession(script.events)
    app = DltuiApp(session, clock=lambda: script.now, keys=load(flags={"keys": {"praise": "f8"}}).keys)
    async with app.run_test(size=(160, 60)) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        seen["footer"] = "f8 Praise" in screen_text(app)
        await pilot.press("question_mark")
        await until(pilot, lambda: "praise the selected client" in screen_text(app))
        seen["help"] = "f8          praise the selected client" in screen_text(app)
        await pilot.press("escape", "colon", *"praise")
        await until(pilot, lambda: "praise the selected client" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "est. 64,210 gas" in screen_text(app))
        seen["confirm"] = [text.plain.strip() for text in app.screen.body]  # type: ignore[attr-defined]
        await pilot.press("y")
        await until(pilot, lambda: bool(session.sent))
        seen["sent"] = [(command.name, command.args) for command in session.sent]
    return seen


def _on_the_command_line(*words: str) -> str:
    from typer.testing import CliRunner

    from dltui.cli.main import app

    return CliRunner().invoke(app, words).output


def main() -> None:
    """Print what was seen."""
    from dltui.config.keymap import KeysSection
    from tools.keys import page

    seen = asyncio.run(_on_the_screen())
    seen["setting"] = KeysSection().table()["praise"]
    seen["page"] = [line for line in page().splitlines() if "`praise`" in line]
    seen["group"] = _on_the_command_line("client", "--help")
    seen["cli"] = _on_the_command_line("client", "praise", "client-1", "--force")
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
