"""`python -m dltui.engine RUN_DIR`: the engine of one run, as a process of its own."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from dltui import exits
from dltui.config import load
from dltui.engine.house import Lock
from dltui.engine.processes import Nursery
from dltui.errors import DltuiError
from dltui.lifeline import name_process
from dltui.paths import RunPaths

MAX_PASSWORD = 4096
"""Longest password of a keystore, in characters; it comes through stdin."""


def main(root: str) -> int:
    """Run the engine; what fails before the journal can hold it goes to stderr (the engine's log)."""
    paths = RunPaths(Path(root))
    name_process("dltui-engine")
    # Updates tell something of the records behind them: what the run's processes write is for its owner alone.
    os.umask(0o077)
    try:
        lock = Lock(paths)
        config = load(paths.config)
        nursery = Nursery(paths.logs)
        # The nursery imports torch while this process imports web3.
        nursery.start()
        from dltui.engine.engine import Engine
        from dltui.engine.keys import operator_of

        operator = operator_of(config, sys.stdin.read(MAX_PASSWORD)) if config.chain.keystore else None
        code = Engine(config, paths, nursery, operator).run()
        lock.release()
        return code
    except DltuiError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except Exception:
        traceback.print_exc()
        return exits.FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
