"""The guarded server on a recorded run, in this process."""

from __future__ import annotations

import contextlib
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from dltui.rundir.paths import RunPaths
from dltui.web.door import Door
from dltui.web.serve import GuardedServer

STORY = Path(__file__).parent.parent / "fixtures" / "runs" / "story"


def recorded(folder: Path) -> RunPaths:
    """A copy of the recorded run that can be attached to."""
    shutil.copytree(STORY, folder / "story")
    (folder / "story" / "config.toml").write_text("")
    return RunPaths(folder / "story")


@contextlib.asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Door]:
    """Serves it on a free port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    door = Door(listener.getsockname()[1])
    runner = web.AppRunner(await GuardedServer(recorded(folder), door, write=False)._make_app(), access_log=None)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield door
    finally:
        await runner.cleanup()
