"""The engine: one process, one thread that starts, watches and records a run, with or without a screen."""

from __future__ import annotations

import contextlib
import sys
import time
import traceback

from dltui import exits
from dltui.core import alerts
from dltui.core import events as ev
from dltui.engine.assemble import Run
from dltui.engine.bring_up import Connection, begin, bring_up, connect
from dltui.engine.reactor import Stopped
from dltui.engine.stopsignals import StopSignals
from dltui.errors import DltuiError

STOP_SECONDS = 5.0
"""How long children may take to end."""
ENDING_TURN = 0.02


def carry_out(run: Run) -> int:
    """Run from its first process to its summary and return the exit code; `run.finished` tells what failed."""
    status, code, reason = "done", exits.OK, ""
    connection: Connection | None = None
    StopSignals(run.reactor.selector, run.reactor.ask_stop)
    try:
        written = begin(run)
        connection = connect(run)
        bring_up(run, connection, written).run()
        run.reactor.check_stop()
    except Stopped as stopped:
        status, reason = "stopped", stopped.message
    except DltuiError as error:
        status, code, reason = "failed", error.exit_code, str(error)
    except Exception as error:
        traceback.print_exc()
        status, code, reason = "failed", exits.FAILED, f"internal error ({type(error).__name__}), see engine.log"
    finally:
        bring_down(run, connection)
        try:
            run.recorder.emit(ev.RunFinished(status=status, exit_code=code, reason=reason))
            run.recorder.close(run.paths.summary)
        except (OSError, DltuiError) as error:
            print(f"run {status}: {reason}; its end could not be recorded: {error}", file=sys.stderr)
            code = code or exits.FAILED
    return code


def bring_down(run: Run, connection: Connection | None) -> None:
    """End every process of the run, and record what the chain said last, if there was a `connection` to it."""
    run.reactor.ending = True
    workers = run.workers
    workers.stop()
    end = time.monotonic() + STOP_SECONDS
    # If the fork server goes first, its children go with it.
    with contextlib.suppress(DltuiError):
        while not workers.all_gone() and workers.fork_server.alive() and time.monotonic() < end:
            run.reactor.selector.select(ENDING_TURN)
            workers.handle()
    workers.fork_server.stop()
    run.gate.close()
    if connection is not None:
        run.supervisor.be_brief()
        try:
            connection.transactor.poll()
        except DltuiError as error:
            text = f"the last blocks could not be read: {error}"
            run.recorder.emit(ev.RunAlert(id=alerts.CHAIN.id(), severity="error", text=text))
        for timed in run.watches.timings.settled(at_once=True):
            run.recorder.emit(timed)
    run.supervisor.stop()
