"""Starting, following and replaying runs: what `dltui`, `demo`, `attach`, `replay` and `resume` do."""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import typer

from dltui import exits
from dltui.cli.options import WATCHED
from dltui.cli.password import password_for
from dltui.cli.telling import Telling
from dltui.config.sections import Config, load
from dltui.core import answers
from dltui.core.answers import CheckResult
from dltui.core.commands import new_command
from dltui.core.sanitize import clean
from dltui.demo.director import Director
from dltui.errors import ConfigError, MismatchError, RunError
from dltui.learning.data.catalog import CATALOG
from dltui.resources import first_time
from dltui.rundir.documents import read_json
from dltui.rundir.journal import Tail
from dltui.rundir.launch import create_run, engine_failure, start_engine
from dltui.rundir.paths import RunPaths, all_runs, find_run
from dltui.rundir.session import LiveSession, ReplaySession, Session

FINISH_SECONDS = 10.0
"""How long an engine may take to close its files after the last event; what comes next finds a whole directory."""


def effective(
    file: Path | None,
    flags: dict[str, Any],
    base: dict[str, dict[str, Any]] | None = None,
    defaults: dict[str, dict[str, Any]] | None = None,
) -> Config:
    """The configuration from a file (`./config.toml` if none is named), the environment and flags.

    `base` holds a walkthrough's own settings, which the environment and flags override; `defaults` go before
    everything else. A file that says nothing but the defaults, such as the one that ships, stands for none.
    """
    if file is not None and not file.is_file():
        raise ConfigError("no such configuration file", where=str(file))
    here = Path("config.toml")
    chosen = file or (here if here.is_file() else None)
    if base is not None:
        given = {f"{section}.{key}": value for section, values in base.items() for key, value in values.items()}
        return load(file, os.environ, {**given, **flags})
    if defaults is not None and chosen is not None and load(chosen) == Config():
        chosen = None
    return load(chosen, os.environ, flags, defaults)


def start(file: Path | None, flags: dict[str, Any], telling: Telling, fast: bool = False) -> int:
    """Start a new run and follow it. With a screen it begins with what `WATCHED` says, unless it is to be `fast`."""
    telling = telling.possible()
    config = effective(file, flags, defaults=None if telling.no_ui or fast else WATCHED)
    password = password_for(config)
    first = not telling.no_ui and not all_runs() and first_time("greeted")
    paths = _new(config)
    return _follow_engine(paths, start_engine(paths, password), config, telling, first=first)


def go_on(ref: str | None, telling: Telling, ascii: bool | None = None) -> int:
    """Resume a paused run, or start an engine again for a run that has none, and follow it."""
    paths = find_run(ref)
    if LiveSession(paths.root).alive():
        return send(str(paths.root), "run.resume")
    if _is_done(paths):
        raise RunError("has finished", where=paths.id, hint=f"dltui replay {paths.id} shows it again")
    last, tail = 0, Tail(paths.journal)
    while events := tail.poll():
        last = events[-1].seq
    config = _frozen(paths, ascii)
    return _follow_engine(paths, start_engine(paths, password_for(config)), config, telling.possible(), after=last)


def _is_done(paths: RunPaths) -> bool:
    try:
        status = read_json(paths.summary)["status"]
    except FileNotFoundError:
        return False
    except (ValueError, KeyError, TypeError) as error:
        raise MismatchError("is not a summary", where=str(paths.summary)) from error
    if not isinstance(status, str):
        # Taken for unfinished, a run that is done would begin again.
        raise MismatchError("is not a summary", where=str(paths.summary))
    return status == "done"


def attach(paths: RunPaths, telling: Telling, read_only: bool = False, ascii: bool | None = None) -> int:
    """Follow a run that an engine runs, or look at one that has ended; `read_only` sends nothing."""
    if not paths.journal.is_dir():
        raise MismatchError("is missing", where=str(paths.journal), hint="nothing of this run can be shown")
    session = LiveSession(paths.root, read_only=read_only)
    telling = telling.possible()
    if telling.no_ui:
        from dltui.headless.run import follow

        return follow(session, telling.format, level=telling.level, stop_on_interrupt=False)
    return _screen(session, paths, _frozen(paths, ascii), None, read_only)


def replay(paths: RunPaths, speed: float, start: str | None, telling: Telling, ascii: bool | None = None) -> int:
    """Show a recorded run again, from `start` on; without a screen it is told at once."""
    telling = telling.possible()
    session = ReplaySession(paths.root, None if telling.no_ui else speed)
    first = session.marks.find(start) if start is not None else 1
    if telling.no_ui:
        from dltui.headless.run import follow

        return follow(session, telling.format, level=telling.level, first=first, stop_on_interrupt=False)
    if start is not None:
        session.seek(first)
    return _screen(session, paths, _frozen(paths, ascii), None)


def demo(name: str, file: Path | None, flags: dict[str, Any], telling: Telling, speed: float) -> int:
    """Play a walkthrough: run it, verify it, and say what it came to."""
    from dltui.demo import script

    walkthrough = script.load(name)
    config = effective(file, flags, base=walkthrough.federation)
    password = password_for(config)
    paths = _new(config)
    telling = telling.possible()
    read = not telling.no_ui
    code = _follow_engine(
        paths,
        start_engine(paths, password, held=read),
        config,
        telling,
        director_of=lambda session: Director(walkthrough, session.send, speed=speed, read=read),
    )
    if code != exits.OK:
        return code
    # A process of its own, because no face imports the chain. With `jsonl`, stdout belongs to the journal.
    out = sys.stderr if telling.format == "jsonl" else None
    command = [sys.executable, "-m", "dltui", "verify", str(paths.root.resolve())]
    return subprocess.run(command, stdout=out, check=False).returncode


def _frozen(paths: RunPaths, ascii: bool | None) -> Config:
    """The configuration that a run started with, drawn with plain characters or not where that is asked for."""
    return load(paths.config, flags={"ui.ascii": ascii})


def _new(config: Config) -> RunPaths:
    for note in config.notes:
        print(f"note: {note}", file=sys.stderr)
    data = config.data
    if data.dataset in CATALOG and not CATALOG[data.dataset].ready(data.root).is_file():
        # A process of its own, because no face imports torch.
        fetch = [sys.executable, "-m", "dltui", "data", "get", data.dataset, "--root", data.root]
        if code := subprocess.run(fetch, stdout=sys.stderr, check=False).returncode:
            raise typer.Exit(code)
    return create_run(config)


def _follow_engine(
    paths: RunPaths,
    engine: subprocess.Popen[bytes],
    config: Config,
    telling: Telling,
    director_of: Callable[[Session], Director] | None = None,
    after: int = 0,
    first: bool = False,
) -> int:
    session = LiveSession(paths.root, after=after, failure=partial(engine_failure, engine, paths))
    director = director_of(session) if director_of else None
    if telling.no_ui:
        from dltui.headless.run import follow

        code = follow(
            session,
            telling.format,
            level=telling.level,
            director=director,
            alive=lambda: engine.poll() is None,
        )
    else:
        code = _screen(session, paths, config, director, first=first)
    if session.finished:
        with contextlib.suppress(subprocess.TimeoutExpired):
            engine.wait(FINISH_SECONDS)
    failure = engine_failure(engine, paths)
    if failure is not None and not session.finished:
        raise failure
    return code


def _screen(
    session: Session,
    paths: RunPaths,
    config: Config,
    director: Director | None,
    read_only: bool = False,
    first: bool = False,
) -> int:
    from dltui.tui import preferences
    from dltui.tui.app import DltuiApp

    gc.freeze()
    app = DltuiApp(
        session,
        director=director,
        ascii=config.ui.ascii or not _takes_symbols(),
        refresh=config.ui.refresh,
        read_only=read_only,
        keys=config.keys,
        run_dir=paths.root,
        first=first,
    )
    app.wanted_theme = config.ui.theme or preferences.theme()
    app.run()
    if director is not None and not app.over and (app.failure is not None or app.crashed):
        # Nobody leads it any more: a walkthrough that failed takes its run with it.
        _stop(session)
    if app.failure is not None:
        raise app.failure
    if app.farewell:
        print(app.farewell)
    return app.return_code or exits.OK


def _takes_symbols() -> bool:
    """The terminal is written to in an encoding that has the screen's symbols, or a browser draws them."""
    # The terminal library draws on standard error, and writes what its encoding lacks as literal escapes.
    encoding = getattr(sys.__stderr__, "encoding", None) or ""
    return "TEXTUAL_DRIVER" in os.environ or encoding.lower().startswith("utf")


def _stop(session: Session) -> None:
    """End a run whose walkthrough is gone, if its engine is still there."""
    with contextlib.suppress(RunError):
        session.send(new_command("run.stop", "demo", actor="demo"))


def send(ref: str | None, name: str, **args: Any) -> int:
    """Send one command to a run's engine and print what became of it."""
    message = LiveSession(find_run(ref).root).send(
        new_command(name, "cli", **{key: value for key, value in args.items() if value is not None})
    )
    if message:
        print(message)
    return exits.OK


def check(ref: str | None, name: str, **args: Any) -> int:
    """Have a live run's engine check one thing and print what it found. Raises MismatchError if it differs."""
    paths = find_run(ref)
    session = LiveSession(paths.root)
    if not session.alive():
        raise RunError("no engine runs it now", where=paths.id, hint=f"dltui verify {paths.id} checks all of it")
    result = answers.decode(session.send(new_command(name, "cli", **args)), CheckResult)
    if not result.ok:
        raise MismatchError(clean(result.text, 500))
    print(clean(result.text, 4_000))
    return exits.OK
