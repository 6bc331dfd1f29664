"""A indexer that goes on where an earlier engine stopped: every fact is in the journal once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dltui.chain.history.blocks import MinedBlock, MinedTx
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import NodeUnreachable
from dltui.config.sections import Config
from dltui.core import events as ev
from dltui.core.events import Event, Payload
from dltui.core.state.state import MAX_EVENTS, State
from dltui.engine.indexer import ChainIndexer, facts_of_last_block
from dltui.learning.plan import LearningPlan
from dltui.store import Store

OPERATOR, OTHER = "0x" + "aa" * 20, "0x" + "bb" * 20


class Told:
    """Blocks that are told as they were given; where `lost_at` is told, the node is lost once."""

    def __init__(self, blocks: list[MinedBlock], lost_at: int = 0) -> None:
        self._told = blocks
        self._lost_at = lost_at

    def watch(self, contracts: Iterable[str]) -> None:
        """All count."""

    def history(self, last: int) -> Iterator[MinedBlock]:
        for block in self._told:
            if block.number == self._lost_at:
                self._lost_at = 0
                raise NodeUnreachable("gone", where="node")
            if block.number <= last:
                yield block

    def fresh(self, after: int, idle: bool = False) -> Iterator[MinedBlock]:
        return (block for block in self._told if block.number > after)


class Gone(Rpc):
    """A node that does not answer."""

    def call(self, method: str, *params: Any) -> Any:
        raise NodeUnreachable("gone", where="node")


def block(number: int, *statuses: int) -> MinedBlock:
    """A block of transfers; status 0 for one that failed."""
    txs = tuple(
        MinedTx(f"0x{number:032x}{place:032x}", OPERATOR, OTHER, b"", None, status, 21_000, 5, ())
        for place, status in enumerate(statuses)
    )
    return MinedBlock(
        number=number,
        hash=f"0x{number:064x}",
        state_root=f"0x{number:064x}",
        timestamp=1_000 + number,
        gas_used=21_000 * len(txs),
        txs=txs,
    )


def indexer(folder: Path, blocks: Told, told: list[Payload]) -> ChainIndexer:
    return ChainIndexer(
        Gone("http://127.0.0.1:1"), blocks, OPERATOR, Store(str(folder)), LearningPlan.of(Config()), told.append
    )


def journal(payloads: Iterable[Payload]) -> tuple[State, list[Event]]:
    state = State()
    events = [Event(seq, "2026-01-01T00:00:00.000Z", payload) for seq, payload in enumerate(payloads, 1)]
    for event in events:
        state.apply(event)
    return state, events


@pytest.mark.parametrize("noise", [3, MAX_EVENTS + 1])
@pytest.mark.parametrize("written", [1, 2, 3])
def test_what_is_missing_of_the_last_block_is_told_however_much_was_said_since(
    tmp_path: Path, noise: int, written: int
) -> None:
    blocks = Told([block(1, 1), block(2, 1, 1)])
    whole: list[Payload] = []
    indexer(tmp_path, blocks, whole).poll()
    assert len(whole) == 5
    chatter = [ev.ClientProgress(id="client-0", round=1, activity="train")] * noise
    state, events = journal([*whole[: 2 + written], *chatter])
    told: list[Payload] = []
    again = indexer(tmp_path, blocks, told)
    again.resume(state, facts_of_last_block(events))
    again.poll()
    assert told == whole[2 + written :]


def test_a_node_that_is_lost_while_the_blocks_are_read_again_costs_nothing(tmp_path: Path) -> None:
    told: list[Payload] = []
    state, events = journal([ev.ChainBlock(number=3, gas_used=0, txs=1, timestamp=3, hash="0x3", state_root="0x3")])
    again = indexer(tmp_path, Told([block(1, 1), block(2, 1), block(3, 1)], lost_at=2), told)
    with pytest.raises(NodeUnreachable):
        again.resume(state, facts_of_last_block(events))
    again.resume(state, facts_of_last_block(events))
    assert [type(payload) for payload in told] == [ev.TxMined]
    assert again.block == 3


def test_a_node_that_is_lost_while_it_is_asked_why_leaves_no_block_half_told(tmp_path: Path) -> None:
    told: list[Payload] = []
    indexer(tmp_path, Told([block(1, 0, 1)]), told).poll()
    assert [type(payload) for payload in told] == [ev.ChainBlock, ev.TxReverted, ev.TxMined]
    assert isinstance(told[1], ev.TxReverted) and "before it could say why" in told[1].reason
