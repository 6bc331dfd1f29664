"""The client process: set up after the fork, or started as `python -m dltui.client` with its spec on stdin."""

from __future__ import annotations

import logging
import signal
import sys
from types import FrameType

from dltui.client.participant import Participant
from dltui.client.spec import ClientSpec
from dltui.client.telemetry import Telemetry
from dltui.errors import DltuiError
from dltui.learning import runtime

log = logging.getLogger("dltui.client")


def run(spec: ClientSpec, telemetry: int | None) -> int:
    """Take part until a signal ends it; return the exit code. `telemetry` is the write end of a pipe, or None."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    signal.signal(signal.SIGTERM, _stop)
    runtime.use_threads(spec.threads)
    try:
        Participant(spec, Telemetry(telemetry)).run()
    except DltuiError as error:
        log.error("%s", error)
        return error.exit_code
    except Exception:
        log.exception("the client failed")
        return 1
    return 0


def _stop(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
