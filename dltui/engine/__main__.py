"""`python -m dltui.engine RUN_DIR`: the engine of one run, as a process of its own."""

from __future__ import annotations

import os
import resource
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from dltui import exits
from dltui.config.sections import load
from dltui.core import refusal
from dltui.core.refusal import Refusal
from dltui.engine.forkserver_client import ForkServerClient
from dltui.engine.preflight import Preflight
from dltui.engine.startup import Startup
from dltui.errors import DltuiError, RunError
from dltui.lifeline import name_process
from dltui.rundir.lock import Lock
from dltui.rundir.paths import RunPaths

if TYPE_CHECKING:
    from dltui.engine.assemble import Run

SCREEN_SECONDS = 30.0
"""How long a screen may take to begin with its walkthrough."""
MAX_PASSWORD = 4096
"""Longest password of a keystore, in characters; it comes through stdin."""


def main(root: str, held: bool = False) -> int:
    """Run the engine, `held` until a screen has come.

    What fails before the journal can hold it goes to stderr (the engine's log).
    """
    paths = RunPaths(Path(root))
    name_process("dltui-engine")
    # Updates tell something of the records behind them: what the run's processes write is for its owner alone.
    os.umask(0o077)
    # A core file would hold the keys of the run: neither the engine nor what it starts leaves one.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        lock = _lock(paths)
        with Startup(paths) as startup:
            run = _prepare(paths, startup.new)
        if held:
            run.gate.reading.hold(SCREEN_SECONDS)
        from dltui.engine.engine import carry_out

        code = carry_out(run)
        lock.release()
        return code
    except DltuiError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except Exception:
        traceback.print_exc()
        return exits.FAILED


def _lock(paths: RunPaths) -> Lock:
    """The run's lock. If another engine has it, the waiting command learns it here: the log is that engine's, too."""
    try:
        return Lock(paths)
    except RunError as error:
        sys.stdout.buffer.write(refusal.encode(Refusal.of(error)))
        sys.stdout.buffer.flush()
        raise


def _prepare(paths: RunPaths, new: bool) -> Run:
    """The assembled run, once everything that can be known before its run begins is known to be in order."""
    config = load(paths.config)
    preflight, fork_server = Preflight(config, paths.root, new), ForkServerClient(paths.logs)
    try:
        # The fork server imports torch while this process imports web3.
        fork_server.start()
        from dltui.engine.assemble import assemble
        from dltui.engine.chain_check import check_chain
        from dltui.engine.keys import operator_of
        from dltui.protocol.demo_keys import operator_key

        keystore = config.chain.keystore
        operator = operator_of(config, sys.stdin.read(MAX_PASSWORD)) if keystore else operator_key(config.run.seed)
        if new:
            check_chain(config, operator.address)
        preflight.wait()
        return assemble(config, paths, fork_server, operator)
    except BaseException:
        fork_server.stop()
        raise
    finally:
        preflight.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], held="--held" in sys.argv[2:]))
