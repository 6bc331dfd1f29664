"""Asking about a run without changing it: the engine where one may be asked, else `dltui` in a process of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dltui import exits
from dltui.core import answers
from dltui.core.answers import CheckResult, DecodedTx, Estimate
from dltui.core.commands import Request, new_command
from dltui.core.commands.checks import check_of
from dltui.core.sanitize import clean
from dltui.errors import RunError
from dltui.rundir.session import Session
from dltui.tui.background import aside


class Inquiry:
    """Questions about the run in `run_dir`; `may_ask` says whether the engine's socket may be used now."""

    def __init__(self, session: Session, run_dir: Path | None, may_ask: Callable[[], bool]) -> None:
        self._session = session
        self._run_dir = run_dir
        self._may_ask = may_ask

    async def estimate(self, request: Request) -> Estimate:
        """What the request would cost now. Raises RunError where it would be refused, or nobody answers."""
        return answers.decode(await self._ask("estimate", command=request.name, args=request.args), Estimate)

    async def transaction(self, hash: str) -> DecodedTx:
        """The decoded transaction. Raises RunError where it cannot be read."""
        if self._may_ask():
            return answers.decode(await self._ask("tx.show", hash=hash), DecodedTx)
        lines: list[str] = []
        code = await self._run(["tx", "show", hash, "--json", "--run"], lines.append)
        if code:
            raise RunError(lines[-1] if lines else "it could not be read")
        return answers.decode(lines[-1] if lines else "", DecodedTx)

    async def verify(self, kind: str, id: object, say: Callable[[str], None]) -> int:
        """Check one thing of a live run, or all of a finished one; `say` gets each step.

        Returns an exit code: OK if all matches, NOT_CHECKED if all does that could be checked. Raises RunError if
        neither is possible.
        """
        if not self._may_ask():
            return await self._run(["verify"], say)
        name, args = check_of(kind, id)
        try:
            found = answers.decode(await self._ask(name, **args), CheckResult)
        except RunError as error:
            say(error.message)
            return exits.FAILED
        for step in found.steps:
            say(clean(step, 500))
        return exits.OK if found.ok else exits.MISMATCH

    async def _ask(self, name: str, **args: Any) -> str:
        return await aside(self._session.send, new_command(name, "key", **args))

    async def _run(self, words: list[str], say: Callable[[str], None]) -> int:
        """Run `dltui WORDS RUN_DIR`; `say` gets each line of what it prints. The exit code."""
        if self._run_dir is None:
            raise RunError("this screen does not know the run's folder")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "dltui",
            *words,
            str(self._run_dir.resolve()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert process.stdout is not None
        try:
            async for line in process.stdout:
                say(clean(line.decode("utf-8", "replace").strip(), 8_000))
            return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
