"""`dltui doctor`: what is there, what is missing, and what each missing thing would give."""

from __future__ import annotations

import dataclasses
import json as jsontext
from typing import Annotated

import typer

from dltui import exits
from dltui.cli.console import guarded


def doctor(context: typer.Context, json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say what is installed, what is missing, and how to get it; fails only where dltui cannot run."""
    raise typer.Exit(guarded(lambda: _print(json), (context.obj or {}).get("debug", False)))


def _print(as_json: bool) -> int:
    from rich.console import Console
    from rich.text import Text

    from dltui.cli.checks import all_checks
    from dltui.core import format as fmt

    checks = list(all_checks())
    lost = [check.name for check in checks if check.essential and not check.ok]
    if as_json:
        print(jsontext.dumps({"ok": not lost, "checks": [dataclasses.asdict(check) for check in checks]}, indent=1))
        return exits.FAILED if lost else exits.OK
    console = Console()
    ascii = not console.encoding.lower().startswith("utf")
    for check in checks:
        tone = "ok" if check.ok else "bad" if check.essential else "idle"
        style = {"ok": "green", "bad": "bold red", "idle": "dim"}[tone]
        line = Text(f"{fmt.symbol(tone, ascii)} ", style=style).append(f"{check.name:<14}", style="not dim")
        line.append(check.found, style="not dim" if check.ok else "not dim bold")
        if not check.ok:
            line.append(f" - for {check.gives}: {check.get}", style="not bold")
        console.print(line, soft_wrap=True)
    print(f"\ndltui cannot run: {', '.join(lost)}" if lost else "\ndltui runs here; what is missing is optional.")
    return exits.FAILED if lost else exits.OK
