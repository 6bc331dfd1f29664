"""What a run wrote of itself: the journal, its summary and the configuration, read and held against each other."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from dltui.config.sections import Config, load
from dltui.core import events as ev
from dltui.core.events import Event
from dltui.core.state.state import State
from dltui.core.summary import summarise
from dltui.errors import ConfigError, MismatchError, RunError
from dltui.files import open_regular, try_lock
from dltui.rundir.documents import read_json
from dltui.rundir.journal import records
from dltui.rundir.metadata import check_config
from dltui.rundir.paths import RunPaths
from dltui.verify import story
from dltui.verify.report import NOT_CHECKED, Step


def refuse_live(paths: RunPaths) -> None:
    """Raise RunError if an engine still runs it."""
    try:
        with open_regular(paths.lock) as lock:
            live = not try_lock(lock.fileno(), shared=True)
    except FileNotFoundError:
        return
    if live:
        raise RunError("an engine still runs it", where=paths.id, hint="verify it when it has finished")


def read_journal(paths: RunPaths, say: Callable[[Step], None]) -> tuple[list[Event], dict[str, Any] | None]:
    """The events and the summary, if there is one; `say` gets what was checked.

    Raises RunError if there is no journal, MismatchError if it is damaged or not a story of one run.
    """
    summary, head = _summary(paths), None
    if summary is not None:
        try:
            head = str(summary["journal"]["head"])
        except (KeyError, TypeError) as error:
            raise MismatchError("is not a summary", where=str(paths.summary)) from error
    told = list(records(paths.journal, head=head))
    events = [event for event, _ in told]
    if not events:
        raise RunError("has no journal", where=str(paths.root))
    finished = isinstance(events[-1].data, ev.RunFinished)
    if finished and summary is None:
        raise MismatchError("the run finished, but its summary is missing", where=str(paths.summary))
    story.check_order(events, str(paths.journal))
    strange = story.unknown(told, str(paths.journal))
    unfinished = "" if finished else "; the run did not finish, so facts of its last block may be missing"
    say(Step("journal", f"{len(events)} events, every line follows the one before{unfinished}"))
    if strange:
        say(Step("newer events", f"{strange} events are of a newer version of this program", NOT_CHECKED))
    return events, summary


def _summary(paths: RunPaths) -> dict[str, Any] | None:
    try:
        return dict(read_json(paths.summary))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise MismatchError("is not a summary", where=str(paths.summary)) from error


def read_config(paths: RunPaths, events: list[Event]) -> Config:
    """The frozen configuration. Raises MismatchError if the run did not start with it."""
    try:
        config = load(paths.config)
    except ConfigError as error:
        raise MismatchError(error.message, where=error.where) from error
    try:
        check_config(config, events[0], str(paths.config))
    except ConfigError as error:
        raise MismatchError("is not the configuration that the run started with", where=error.where) from error
    return config


def compare_summary(paths: RunPaths, events: list[Event], summary: dict[str, Any]) -> None:
    """Raise MismatchError if the summary is not what the journal adds up to."""
    state = State()
    for event in events:
        state.apply(event)
    derived = json.loads(json.dumps(summarise(state, summary["journal"]["head"])))
    for key in sorted({*derived, *summary}):
        value = derived.get(key)
        if key not in derived or summary.get(key) != value:
            raise MismatchError(
                f"{key} is {summary.get(key)!r}, the journal gives {value!r}"[:300], where=str(paths.summary)
            )
