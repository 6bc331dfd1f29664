"""Calls that may wait long, made beside the screen."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from dltui.errors import DltuiError, RunError

T = TypeVar("T")


async def aside(call: Callable[..., T], *args: object) -> T:
    """What `call(*args)` returns or raises. Unlike asyncio's own threads, it does not keep a program that ends."""
    answer: Future[T] = Future()

    def work() -> None:
        if not answer.set_running_or_notify_cancel():
            return
        try:
            answer.set_result(call(*args))
        except BaseException as error:  # it is whoever waits that it concerns
            answer.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return await asyncio.wrap_future(answer)


def in_words(error: BaseException, where: str = "") -> DltuiError:
    """An error as it is told: one that nobody foresaw is named by its kind and `where` it happened."""
    return error if isinstance(error, DltuiError) else RunError(f"it broke down: {error!r}", where=where)
