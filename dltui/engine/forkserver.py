"""The fork server: one process that has imported torch and web3 once, and forks a client in some 40 ms.

It has no thread, no event loop and no open connection. It talks to the engine over a socket pair, one JSON message a
packet: `spawn` comes in with two descriptors (telemetry pipe, log file), `warm`, `started` and `exited` go out; an
empty request is answered with `alive`. It ends with the engine, and its children end with it.

Tried and left: `multiprocessing.forkserver` with a preload. Its first start blocks the engine until torch is imported
(12 s on a busy machine), its children outlive it, and it is begun again without an error that the engine could tell.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
import traceback
from typing import Any

from dltui.lifeline import die_with_parent, name_process

PACKET = 1 << 17
"""Largest message in bytes."""


def main(descriptor: int) -> None:
    """Warm up, then serve the engine at the other end of the socket `descriptor` until it is gone."""
    die_with_parent(signal.SIGKILL)
    name_process("dltui-forkserver")
    channel = socket.socket(fileno=descriptor)
    signals, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _warm()
    _tell(channel, {"event": "warm"})
    while True:
        readable, _, _ = select.select([channel.fileno(), signals], [], [])
        if signals in readable:
            os.read(signals, 4096)
            _reap(channel)
        if channel.fileno() in readable and not _serve(channel, (signals, waker)):
            return


def _warm() -> None:
    """Import what the children need, so that they share its memory."""
    from dltui.engine.roles import ROLES
    from dltui.learning.runtime import warm

    assert ROLES
    warm()
    gc.collect()
    gc.freeze()


def _tell(channel: socket.socket, message: dict[str, Any]) -> None:
    channel.send(json.dumps(message).encode())


def _reap(channel: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _tell(channel, {"event": "exited", "pid": pid, "code": os.waitstatus_to_exitcode(status)})


def _serve(channel: socket.socket, own: tuple[int, int]) -> bool:
    data, descriptors, _, _ = socket.recv_fds(channel, PACKET, 2)
    if not data:
        return False
    message = json.loads(data)
    if not message:
        _tell(channel, {"event": "alive"})
        return True
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            channel.close()
            code = _child(message, descriptors, own)
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    for inherited in descriptors:
        os.close(inherited)
    _tell(channel, {"event": "started", "id": message["id"], "pid": pid})
    return True


def _child(message: dict[str, Any], descriptors: list[int], own: tuple[int, int]) -> int:
    """What the new process does: its own session, log and signals, then its role."""
    os.setsid()
    die_with_parent(signal.SIGKILL)
    name_process(f"dltui-{message['id']}")
    signal.set_wakeup_fd(-1)
    for inherited in own:
        os.close(inherited)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    telemetry, log = descriptors
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    from dltui.engine import roles

    return roles.carry_out(message["role"], message["spec"], telemetry)


if __name__ == "__main__":
    main(int(sys.argv[1]))
