"""`python -m dltui.devchain --dir DIR`: run the node on DIR/genesis.json until SIGTERM.

Reads one line from stdin: the word that shows a process of the run (`fair_queue.py`); an empty one shows none.
Prints JSON lines on stdout: `{"port": …, "pid": …, "replayed": …}` once JSON-RPC answers, or `{"error": …,
"where": …}`. While it replays a long log, `{"replayed": …}` comes now and then. Everything else goes to stderr.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from dltui import exits
from dltui.chain.nodes.genesis import read_genesis
from dltui.errors import ChainError
from dltui.lifeline import die_with_parent

_POLL = 0.5
_SWITCH = 0.001
_LONGEST_WORD = 256
_THREAD_STACK = 64 * 1024 * 1024
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LARGE = 128 * 1024
_ARENAS = 2


def main() -> int:
    """Run the node; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dltui.devchain", description="The embedded chain.")
    parser.add_argument("--dir", type=Path, required=True, help="directory with genesis.json and the chain's state")
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 takes a free one")
    parser.add_argument("--batch-ms", type=int, default=20, help="what arrives within it shares a block")
    parser.add_argument("--log", type=Path, help="a transaction log, which is replayed before the node listens")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    die_with_parent(signal.SIGTERM)
    try:
        _serve(args, _hear())
    except ChainError as error:
        _say({"error": error.message, "where": error.where, "hint": error.hint})
        return exits.CHAIN
    return exits.OK


def _hear() -> str:
    """Return the word on stdin; empty on a terminal, and if stdin is closed."""
    return "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.readline(_LONGEST_WORD).strip()


def _serve(args: argparse.Namespace, word: str) -> None:
    _give_memory_back()
    # A call of depth 1024 in the EVM is several thousand Python frames deep.
    threading.stack_size(_THREAD_STACK)
    sys.setswitchinterval(_SWITCH)
    from dltui.chain.history.txlog import TxLog
    from dltui.devchain.methods import Methods
    from dltui.devchain.miner import Miner
    from dltui.devchain.server import RpcServer
    from dltui.devchain.stored_chain import StoredChain, restore

    chain = StoredChain(args.dir, read_genesis(args.dir / "genesis.json"))
    try:
        replayed = (
            restore(chain, TxLog(args.log), lambda blocks: _say({"replayed": blocks})) if args.log is not None else 0
        )
    except BaseException:
        chain.close()
        raise
    miner = Miner(chain, args.batch_ms)
    try:
        server = RpcServer(Methods(chain, miner), args.port, word)
    except (OSError, OverflowError) as error:
        chain.close()
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        reason = f"port {args.port} is taken" if taken else f"cannot listen on port {args.port}: {error}"
        raise ChainError(reason, where="chain node") from error
    # Waited for, not handled: after a SIGCONT the kernel gives a signal to any thread, and the main one sleeps on.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    miner.start()
    threading.Thread(target=server.serve_forever, args=(_POLL,), name="http", daemon=True).start()
    logging.info("block %d, listening on 127.0.0.1:%d", chain.head.block_number, server.server_port)
    _say({"port": server.server_port, "pid": os.getpid(), "replayed": replayed})
    # From now on stdout is stderr: the reader of the pipe may go.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    signal.sigwait(ends)
    server.shutdown()
    server.server_close()
    miner.stop()
    chain.close()
    logging.info("stopped at block %d", chain.head.block_number)


def _give_memory_back() -> None:
    """Have the C library return what large requests and answers took as soon as they are gone.

    By itself glibc keeps it, after the first large one that is freed, in as many heaps as there were threads at work.
    Elsewhere nothing happens.
    """
    if sys.platform != "linux" or not hasattr(library := ctypes.CDLL(None), "mallopt"):
        return
    for parameter, value in ((_M_MMAP_THRESHOLD, _LARGE), (_M_TRIM_THRESHOLD, _LARGE), (_M_ARENA_MAX, _ARENAS)):
        library.mallopt(parameter, value)


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
