"""A version comes from the one round that names it: what `verify` reads from each transaction of a recorded run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dltui.chain.contracts.describe import deployed_name
from dltui.chain.contracts.logs import decode_log
from dltui.chain.history.blocks import MinedBlock
from dltui.config.sections import load
from dltui.core import events as ev
from dltui.errors import MismatchError
from dltui.protocol.demo_keys import operator_key
from dltui.protocol.facts import FactStream
from dltui.store import cid
from dltui.verify import lineage, plans
from dltui.verify.reexecution import Reexecution
from tests.kits.recorded import unpack

SEED = 11
Edit = Callable[[list[dict[str, Any]]], None]


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> list[MinedBlock]:
    """The blocks of a run with two finalised rounds, executed again."""
    folder = tmp_path_factory.mktemp("lineage")
    again = Reexecution(unpack("0.1.0/embedded", folder), folder)
    try:
        return list(again.blocks())
    finally:
        again.close()


def fold(blocks: list[MinedBlock]) -> FactStream:
    """Every block folded, and its lineage checked."""
    stream = FactStream(operator_key(SEED).address, lambda tx, block: "", cid)
    for block in blocks:
        list(stream.of_block(block))
        lineage.check(block, stream)
    return stream


def edited(blocks: list[MinedBlock], event: str, edit: Edit) -> list[MinedBlock]:
    """The blocks with the logs changed of the first transaction that emits `event`."""
    changed = list(blocks)
    for place, block in enumerate(blocks):
        for n, tx in enumerate(block.txs):
            logs = [dict(raw) for raw in tx.logs]
            if any(name_of(raw) == event for raw in logs):
                edit(logs)
                txs = [*block.txs[:n], replace(tx, logs=tuple(logs)), *block.txs[n + 1 :]]
                changed[place] = replace(block, txs=tuple(txs))
                return changed
    raise AssertionError(event)


def name_of(raw: dict[str, Any]) -> str:
    log = decode_log(raw)
    return log.event if log is not None else ""


def without(event: str) -> Edit:
    def edit(logs: list[dict[str, Any]]) -> None:
        logs[:] = [raw for raw in logs if name_of(raw) != event]

    return edit


def word(event: str, place: int, value: int) -> Edit:
    """Sets a word of the event's data."""

    def edit(logs: list[dict[str, Any]]) -> None:
        (raw,) = [raw for raw in logs if name_of(raw) == event]
        data = bytearray.fromhex(raw["data"][2:])
        data[place * 32 : place * 32 + 32] = value.to_bytes(32, "big")
        raw["data"] = "0x" + data.hex()

    return edit


def test_every_version_of_an_honest_run_has_its_round(blocks: list[MinedBlock]) -> None:
    assert sorted(fold(blocks).ledger.versions) == [0, 1, 2]


# VersionRegistered carries parent, digest, accuracyBp, round and proposers; RoundFinalised attempt, version,
# resultDigest, verdictsRoot, agreeing and accuracyBp.
@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (without("RoundFinalised"), "version 1 is registered without a round that a quorum decided"),
        (word("RoundFinalised", 1, 2), "version 1 is registered without a round"),
        (without("VersionRegistered"), "a round is finalised as version 1, which nobody registered"),
        (word("VersionRegistered", 0, 7), "version 1 has parent 7, its round decided 0"),
        (word("VersionRegistered", 1, 0xBAD), f"version 1 has digest {0xBAD:064x}, its round decided"),
        (word("VersionRegistered", 2, 9_999), "version 1 has accuracyBp 9999, its round decided"),
        (word("VersionRegistered", 3, 2), "version 1 has round 2, its round decided 1"),
        (word("VersionRegistered", 4, 0), "version 1 has proposers 0, its round decided 7"),
    ],
)
def test_a_version_that_differs_from_its_round(blocks: list[MinedBlock], edit: Edit, words: str) -> None:
    with pytest.raises(MismatchError, match=words) as caught:
        fold(edited(blocks, "RoundFinalised", edit))
    assert "transaction 0x" in (caught.value.where or "")


def test_a_registry_that_belongs_to_another(blocks: list[MinedBlock]) -> None:
    def edit(logs: list[dict[str, Any]]) -> None:
        (raw,) = [raw for raw in logs if name_of(raw) == "FederationSet"]
        raw["topics"] = [raw["topics"][0], "0x" + "00" * 12 + "ab" * 20]

    with pytest.raises(MismatchError, match="the ModelRegistry belongs to 0x"):
        fold(edited(blocks, "FederationSet", edit))


@pytest.mark.parametrize(("name", "place"), [("ModelRegistry", 2), ("DataRegistry", 3)])
def test_rounds_that_are_given_another_registry(blocks: list[MinedBlock], name: str, place: int) -> None:
    changed = []
    for block in blocks:
        txs = []
        for tx in block.txs:
            if tx.created is not None and deployed_name(tx.data) == "FLContract":
                start = len(tx.data) - 5 * 32 + place * 32
                tx = replace(tx, data=tx.data[:start] + bytes(12) + b"\xab" * 20 + tx.data[start + 32 :])
            txs.append(tx)
        changed.append(replace(block, txs=tuple(txs)))
    with pytest.raises(MismatchError, match=f"is given 0x{'ab' * 20} as its {name}"):
        fold(changed)


@pytest.mark.parametrize(("field", "key", "value"), [("committee_size", "committeeSize", 1), ("quorum", "quorum", 1)])
def test_a_plan_with_the_runs_hash_and_other_numbers(
    blocks: list[MinedBlock], field: str, key: str, value: int, tmp_path: Path
) -> None:
    config = load(unpack("0.1.0/embedded", tmp_path).config)
    told = fold(blocks).ledger.plans
    plans.check(told, config, "config.toml")
    older = {0: {**told[0], "planHash": bytes(32), key: value}, 1: told[0]}
    joined = msgspec.structs.replace(config, chain=msgspec.structs.replace(config.chain, federation="0x" + "ab" * 20))
    plans.check(older, joined, "config.toml")
    with pytest.raises(MismatchError, match="plan 0 on chain is another than the run's"):
        plans.check(older, config, "config.toml")
    with pytest.raises(MismatchError, match=f"plan 0 on chain has the run's hash, but {field} {value} instead of"):
        plans.check({0: {**told[0], key: value}, 1: told[0]}, config, "config.toml")
    with pytest.raises(MismatchError, match=r"gives plan [0-9a-f]{64}, on chain is 00"):
        plans.check({0: told[0], 1: {**told[0], "planHash": bytes(32)}}, config, "config.toml")


def test_a_second_contract_of_the_operator_is_not_the_federations(blocks: list[MinedBlock]) -> None:
    """Else the operator's own copy of a registry would tell versions, and which of them is released."""
    (made,) = [tx for block in blocks for tx in block.txs if deployed_name(tx.data) == "ModelRegistry"]
    assert made.created is not None
    copy = replace(made, created="0x" + "AB" * 20)
    stream = fold(blocks)
    last = replace(blocks[-1], number=blocks[-1].number + 1, txs=(copy,))
    told = list(stream.of_block(last))
    assert [type(fact) for fact in told] == [ev.ChainBlock, ev.TxMined]
    assert [address for address, name in stream.contracts.items() if name == "ModelRegistry"] == [made.created]
