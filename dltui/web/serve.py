"""The server: textual-serve behind the door. Each browser session gets a screen process of its own on the run."""

from __future__ import annotations

import shlex
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from textual_serve.server import Server

from dltui.errors import RunError
from dltui.rundir.paths import RunPaths
from dltui.web.door import HEADERS, Door

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TEMPLATES = Path(__file__).parent / "templates"


class GuardedServer(Server):
    """Serves one run to who has the token."""

    def __init__(self, paths: RunPaths, door: Door, *, write: bool) -> None:
        super().__init__(
            screen_command(paths, write=write),
            host="127.0.0.1",
            port=door.port,
            title=f"dltui run {paths.id}",
            public_url=door.origin,
            templates_path=TEMPLATES,
        )
        self._door = door

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guard)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse, or trade the token in the address for a cookie, or serve."""
        door = self._door
        why = door.refusal(request.headers, request.query, request.cookies)
        if why:
            return web.Response(status=403, text=why + "\n", headers=HEADERS)
        if "token" in request.query:
            answer: web.StreamResponse = web.Response(status=303, headers={"Location": "/"})
            answer.set_cookie(door.cookie, door.token, httponly=True, samesite="Strict", path="/")
        else:
            answer = await handler(request)
        if not answer.prepared:
            answer.headers.update({**HEADERS, "Content-Security-Policy": door.policy})
        return answer

    async def on_startup(self, app: web.Application) -> None:
        """Says nothing: the command has printed the address."""


def screen_command(paths: RunPaths, *, write: bool) -> str:
    """Return the shell command of one session's screen. Without `write` that screen never opens the control socket."""
    words = [sys.executable, "-m", "dltui", "attach", str(paths.root.resolve())]
    return shlex.join(words if write else [*words, "--read-only"])


def serve(paths: RunPaths, *, port: int, write: bool, say: Callable[[str], None]) -> None:
    """Serve until it is interrupted; `port` 0 takes a free one. Raises RunError if the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise RunError(f"cannot be listened on ({error.strerror})", where=f"port {port}", hint="--port 0") from error
    door = Door(listener.getsockname()[1])
    server = GuardedServer(paths, door, write=write)
    say(door.address)
    # No access log: its lines would have the token.
    web.run_app(server._make_app(), sock=listener, access_log=None, print=None)
