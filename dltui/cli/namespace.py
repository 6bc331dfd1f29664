"""What a prompt on a run is given: the chain through web3.py, the contracts, the run's state, and a way to ask."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dltui.chain import console
from dltui.chain.nodes.embedded_node import EmbeddedNode
from dltui.chain.nodes.endpoint import MAX_FEE_GWEI
from dltui.chain.nodes.genesis import read_genesis
from dltui.chain.nodes.url_node import UrlNode
from dltui.cli.password import password_for
from dltui.config.sections import Config, load
from dltui.core.commands import new_command
from dltui.core.sanitize import clean
from dltui.core.state.state import State
from dltui.engine.keys import operator_of
from dltui.errors import MismatchError
from dltui.files import check_tree
from dltui.protocol.demo_keys import operator_key
from dltui.rundir.journal import Tail
from dltui.rundir.metadata import read_run_json
from dltui.rundir.paths import PIPES, RunPaths
from dltui.rundir.session import LiveSession
from dltui.verify.reexecution import Reexecution

Progress = Callable[[str, int, int], None]
_LOOPBACK = re.compile(r"http://127\.0\.0\.1:\d{1,5}")
_HELP = """  w3             web3.py, connected: w3.eth.block_number
  fl             the FLContract: fl.functions.currentRound().call(), fl.events.RoundFinalised().get_logs(from_block=0)
  models, data   the ModelRegistry and the DataRegistry
  run            the run's state, as the screen folds it: run.rounds, run.clients, run.versions, run.txs
  refresh()      reads what the journal has told since into run
  send(...)      asks the engine of a live run: send("model.approve", version=2)"""


@dataclass(frozen=True)
class Chain:
    """A chain to ask: its address, what it is in words, and whether it belongs to others."""

    url: str
    what: str
    foreign: bool = False


@contextmanager
def opened(paths: RunPaths, signing: bool, progress: Progress) -> Iterator[tuple[dict[str, Any], str]]:
    """The names of the prompt and its banner; what was started for it ends with the block.

    With `signing` the operator's key signs what web3 sends; a keystore's password is asked for. The run directory is
    only read. Raises DltuiError if it is damaged, the password is wrong, or the chain cannot be reached.
    """
    check_tree(paths.root, PIPES)
    config, addresses = load(paths.config), read_run_json(paths)["addresses"]
    key = _operator_secret(config) if signing else None
    session, state, tail = LiveSession(paths.root), State(), Tail(paths.journal)

    def refresh() -> State:
        """Read what the journal has told since into `run`, and return it."""
        while events := tail.poll():
            for event in events:
                state.apply(event)
        return state

    def send(name: str, **args: Any) -> str:
        """Ask the engine of a live run to do something, as a key of the screen does; returns its answer."""
        return session.send(new_command(name, "cli", **args))

    refresh()
    with _chain(paths, config, state, session.alive(), progress) as chain:
        w3 = console.connect(chain.url, foreign=chain.foreign)
        contracts, release = console.bind(w3, addresses)
        reached = f"block {w3.eth.block_number}, {len(state.rounds)} rounds"
        lines = [f"{clean(paths.id, 60)}, {reached}: {chain.what}", _HELP]
        if release:
            lines.append(f"The contracts are those of release {release}: functions that are newer are not there.")
        if key is not None:
            bound = config.chain.max_fee_gwei or (MAX_FEE_GWEI if chain.foreign else 0)
            lines.append(f"web3 signs as the operator, {console.sign_with(w3, key, int(bound * 10**9))}.")
        names = {"w3": w3, **contracts, "run": state, "refresh": refresh, "send": send}
        yield names, "\n".join(lines)


def _operator_secret(config: Config) -> bytes:
    password = password_for(config)
    return operator_key(config.run.seed).secret if password is None else operator_of(config, password).secret


@contextmanager
def _chain(paths: RunPaths, config: Config, state: State, live: bool, progress: Progress) -> Iterator[Chain]:
    if config.chain.is_url:
        node = UrlNode(config.chain.engine, config.chain.chain_id)
        yield Chain(node.url, f"the node at {node.shown}", foreign=True)
    elif live:
        if not _LOOPBACK.fullmatch(state.chain.url):
            raise MismatchError("does not name a node of this machine", where=str(paths.journal))
        yield Chain(state.chain.url, "its own node, live")
    else:
        with tempfile.TemporaryDirectory(prefix="dltui-console-") as scratch:
            copy = _reexecuted(paths, Path(scratch), progress)
            try:
                yield Chain(copy.url, "a copy of its chain, re-executed; what is sent to it ends with this prompt")
            finally:
                copy.stop()


def _reexecuted(paths: RunPaths, scratch: Path, progress: Progress) -> EmbeddedNode:
    """A started node on the run's chain, executed again in `scratch`: whichever engine made it, nothing is trusted."""
    again = Reexecution(paths, scratch)
    try:
        for block in again.blocks():
            progress(again.doing, block.number, again.log.last_block)
    finally:
        again.close()
    node = EmbeddedNode(scratch, read_genesis(paths.genesis))
    node.start()
    return node
