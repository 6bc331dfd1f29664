from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.chain.nodes.genesis import Genesis, decode_genesis, read_genesis, write_genesis
from dltui.errors import ChainError
from tests.kits.chain import ADDRESSES, CHAIN_ID, RICH, START, genesis

_alloc = st.dictionaries(st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex()), st.integers(0, 2**128 - 1))


@given(st.integers(1, 2**53 - 1), st.integers(0, 2**40 - 1), _alloc)
def test_a_genesis_comes_back_from_its_file(chain_id: int, timestamp: int, alloc: dict[str, int]) -> None:
    made = Genesis(chain_id, timestamp, alloc)
    assert decode_genesis(made.encode()) == made
    assert Genesis(chain_id, timestamp, dict(reversed(alloc.items()))).encode() == made.encode()


def test_the_file_is_geths_format_and_its_digest_is_the_logs(tmp_path: Path) -> None:
    path = tmp_path / "chain" / "genesis.json"
    made = write_genesis(path, CHAIN_ID, START, dict.fromkeys(ADDRESSES, RICH))
    assert read_genesis(path) == made == genesis()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == made.sha256()
    document = json.loads(path.read_bytes())
    assert document["config"]["chainId"] == CHAIN_ID and document["config"]["cancunTime"] == 0
    assert document["alloc"][ADDRESSES[0].lower()] == {"balance": hex(RICH)}
    assert (document["gasLimit"], document["timestamp"]) == (hex(30_000_000), hex(START))


@pytest.mark.parametrize(
    ("chain_id", "timestamp", "alloc"),
    [
        (0, 0, {}),
        (2**53, 0, {}),
        (1, -1, {}),
        (1, 2**40, {}),
        (1, 0, {"0x12": 1}),
        (1, 0, {"ab" * 20: 1}),
        (1, 0, {"0x" + "ab" * 20: -1}),
        (1, 0, {"0x" + "ab" * 20: 2**128}),
        (1, 0, {"0x" + "ab" * 20: 1, "0x" + "AB" * 20: 2}),
    ],
)
def test_values_out_of_range_are_refused(chain_id: int, timestamp: int, alloc: dict[str, int]) -> None:
    with pytest.raises(ChainError):
        Genesis(chain_id, timestamp, alloc)


@pytest.mark.parametrize(
    "change",
    [
        {"gasLimit": "0x1"},
        {"baseFeePerGas": "0x1"},
        {"timestamp": "0x0000"},
        {"timestamp": 5},
        {"alloc": []},
        {"alloc": {"0x" + "ab" * 20: {"balance": "0x1", "code": "0x00"}}},
        {"alloc": {"0x" + "ab" * 20: {}}},
        {"config": None},
        {"config": {"chainId": True}},
        {"extra": 1},
    ],
    ids=str,
)
def test_an_altered_file_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "genesis.json"
    document = json.loads(genesis().encode()) | change
    path.write_bytes(json.dumps(document, sort_keys=True, indent=1).encode() + b"\n")
    with pytest.raises(ChainError) as caught:
        read_genesis(path)
    assert caught.value.where == str(path)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"7", b"[" * 100_000, b"\xff", genesis().encode() + b" "], ids=range(7)
)
def test_what_is_no_genesis_is_refused(data: bytes) -> None:
    with pytest.raises(ChainError):
        decode_genesis(data)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChainError, match="No such file") as caught:
        read_genesis(tmp_path / "none.json")
    assert caught.value.where.endswith("none.json")
