"""What the tests with a real anvil share: where it is, and nodes that end with their test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dltui.chain.history.txlog import TxLog
from dltui.chain.nodes.anvil import Anvil, find
from dltui.chain.nodes.anvil_node import AnvilNode
from dltui.errors import ChainError
from tests.kits.chain import genesis


def _find() -> Anvil | None:
    try:
        return find()
    except ChainError:
        return None


ANVIL = _find()
needs_anvil = pytest.mark.skipif(ANVIL is None, reason="no anvil, and no npm to bring it")


@contextmanager
def anvil(directory: Path, log: TxLog | None = None) -> Iterator[AnvilNode]:
    """A running anvil with the genesis of the tests."""
    assert ANVIL is not None
    directory.mkdir(exist_ok=True)
    node = AnvilNode(directory, ANVIL, genesis())
    node.start(log)
    try:
        yield node
    finally:
        node.stop()
