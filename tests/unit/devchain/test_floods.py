"""Whole floods of a node in a process of its own: the run's transactions go on, and the memory comes back."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]
TRANSACTIONS = 20
MOST_KEPT = 48
"""MiB that floods may leave behind; the node alone takes 55."""


def floods() -> ModuleType:
    """The tool that floods."""
    spec = importlib.util.spec_from_file_location("floods_tool", ROOT / "tools" / "floods.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_run_goes_on_beside_every_flood_and_the_memory_comes_back(tmp_path: Path) -> None:
    tool = floods()
    with tool.running(tmp_path) as (node, rpc, sender):
        port, before = int(node.url.rpartition(":")[2]), tool.resident(node.pid)
        for kind in tool.KINDS:
            with tool.flooded(kind, port):
                blocks = [int(sender.send(rpc)["blockNumber"], 16) for _ in range(TRANSACTIONS)]
            assert blocks == list(range(blocks[0], blocks[0] + TRANSACTIONS)), kind
        for _ in range(TRANSACTIONS):
            sender.send(rpc)
        assert tool.resident(node.pid) <= before + MOST_KEPT
