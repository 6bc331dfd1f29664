from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_utils import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dltui.chain.history import txlog as txlog_module
from dltui.chain.history.local_blocks import record_block
from dltui.chain.history.rawtx import raw_transaction
from dltui.chain.history.txlog import BlockRecord, TxLog
from dltui.chain.rpc import Rpc
from dltui.errors import ChainError
from tests.kits.chain import CHAIN_ID, KEYS, STRANGER, calldata, deploy, genesis, legacy, local_node, new_machine, sign

DIGEST = genesis().sha256()


def record(block: int, txs: tuple[bytes, ...] = (b"\x02\x03",)) -> BlockRecord:
    return BlockRecord(block, 1_700_000_000 + block, f"0x{block:064x}", f"0x{block + 1:064x}", txs)


@pytest.fixture
def log(tmp_path: Path) -> TxLog:
    log = TxLog.create(tmp_path / "chain" / "txs.jsonl", DIGEST)
    for block in (1, 2, 3):
        log.append(record(block))
    return log


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rpc, list[bytes]]]:
    """A node with one transaction of each kind, each in its own block, and their signed bytes."""
    access = {"type": 1, "gasPrice": 10**11, "chainId": CHAIN_ID, "nonce": 1, "gas": 60_000, "value": 1, "data": b""}
    access |= {"accessList": [{"address": STRANGER, "storageKeys": ["0x" + "00" * 31 + "05", "0x" + "77" * 32]}]}
    raws = [
        legacy(0, 0),
        bytes(Account.sign_transaction(access | {"to": STRANGER}, KEYS[0]).raw_transaction),
        sign(0, 2, value=0),
        deploy(0, 3),
        legacy(0, 4, data=b"\0\1\2", gas=30_000),
    ]
    with local_node(tmp_path_factory.mktemp("chain")) as (node, rpc):
        for raw in raws:
            node.send(raw)
        yield rpc, raws


def test_what_is_appended_is_read_back(log: TxLog) -> None:
    assert list(log.read()) == [record(1), record(2), record(3)]
    again = TxLog(log.path)
    assert (again.last_block, again.genesis_sha256) == (3, DIGEST)
    assert list(again.read()) == list(log.read())


def test_the_lines_are_as_documented(log: TxLog) -> None:
    first, second = log.path.read_bytes().split(b"\n")[:2]
    assert json.loads(first) == {"genesis_sha256": DIGEST, "v": 1}
    assert json.loads(second) == {
        "block": 1,
        "timestamp": 1_700_000_001,
        "hash": f"0x{1:064x}",
        "state_root": f"0x{2:064x}",
        "txs": ["0x0203"],
    }


def test_a_log_is_not_begun_twice(log: TxLog) -> None:
    with pytest.raises(ChainError, match="File exists"):
        TxLog.create(log.path, DIGEST)
    assert log.last_block == 3


@pytest.mark.parametrize("block", [0, 1, 3, 5])
def test_only_the_next_block_is_appended(log: TxLog, block: int) -> None:
    with pytest.raises(ChainError, match=f"block {block} does not follow block 3"):
        log.append(record(block))
    assert TxLog(log.path).last_block == 3


def test_a_torn_last_line_is_an_error_unless_allowed_and_is_cut_off_by_the_next_append(log: TxLog) -> None:
    whole = log.path.read_bytes()
    line = record(4).encode()
    for cut in (1, len(line) // 2, len(line) - 1):
        log.path.write_bytes(whole + line[:cut])
        with pytest.raises(ChainError, match="line 5: the line is not finished"):
            list(TxLog(log.path).read())
        opened = TxLog(log.path)
        assert opened.last_block == 3 and [r.block for r in opened.read(allow_torn=True)] == [1, 2, 3]
        opened.append(record(4))
        assert log.path.read_bytes() == whole + line


def test_a_full_disk_is_named_and_leaves_the_log_usable(log: TxLog, monkeypatch: pytest.MonkeyPatch) -> None:
    real = txlog_module._write

    def full(descriptor: int, data: bytes) -> None:
        real(descriptor, data[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(txlog_module, "_write", full)
    with pytest.raises(ChainError, match="No space left on device"):
        log.append(record(4))
    monkeypatch.setattr(txlog_module, "_write", real)
    assert log.last_block == 3
    log.append(record(4))
    assert [r.block for r in TxLog(log.path).read()] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"block": 3}, "block 2 is expected"),
        ({"block": True}, "block 2 is expected"),
        ({"block": "2"}, "block 2 is expected"),
        ({"timestamp": -1}, "timestamp"),
        ({"timestamp": 1.5}, "timestamp"),
        ({"timestamp": 2**40}, "timestamp"),
        ({"hash": "0x12"}, "hash"),
        ({"hash": "0x" + "AB" * 32}, "hash"),
        ({"state_root": None}, "hash"),
        ({"txs": "0x00"}, "transactions"),
        ({"txs": ["0x0"]}, "transactions"),
        ({"txs": ["00"]}, "transactions"),
        ({"txs": [5]}, "transactions"),
        ({"txs": ["0x"]}, "transactions"),
        ({"more": 1}, "keys"),
    ],
    ids=str,
)
def test_a_malformed_block_names_file_and_line(log: TxLog, change: dict[str, Any], reason: str) -> None:
    lines = log.path.read_bytes().split(b"\n")
    lines[2] = json.dumps(json.loads(lines[2]) | change).encode()
    log.path.write_bytes(b"\n".join(lines))
    with pytest.raises(ChainError) as caught:
        list(log.read())
    assert reason in caught.value.message and caught.value.where == f"{log.path}, line 3"


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{}\n",
        b'{"genesis_sha256":"x","v":1}\n',
        b'{"genesis_sha256":"' + DIGEST.encode() + b'","v":2}\n',
        b"[]\n",
        b"[" * 100_000 + b"\n",
        b'{"genesis_sha256":"' + DIGEST.encode() + b'","v":1}',
    ],
    ids=range(7),
)
def test_a_file_that_is_no_log_is_refused(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "txs.jsonl"
    path.write_bytes(header)
    with pytest.raises(ChainError) as caught:
        TxLog(path)
    assert caught.value.where == f"{path}, line 1"


def test_a_missing_log_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChainError, match="No such file"):
        TxLog(tmp_path / "none.jsonl")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_changed_bytes_are_read_as_other_values_or_refused_but_never_crash(log: TxLog, data: st.DataObject) -> None:
    whole = log.path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
    path = log.path.with_name("changed.jsonl")
    path.write_bytes(changed)
    try:
        records = list(TxLog(path).read())
    except ChainError as error:
        assert str(path) in error.where
        return
    assert len(records) == 3 and (records != list(log.read()) or TxLog(path).genesis_sha256 != DIGEST)


def test_signed_transactions_are_rebuilt_from_full_blocks(chain: tuple[Rpc, list[bytes]]) -> None:
    rpc, raws = chain
    records = [record_block(rpc, number) for number in range(1, 6)]
    assert [r.txs for r in records] == [(raw,) for raw in raws]
    with pytest.raises(ChainError, match="no such block"):
        record_block(rpc, 6)


def test_a_recorded_chain_executes_to_the_same_blocks_in_memory(chain: tuple[Rpc, list[bytes]]) -> None:
    rpc, _ = chain
    machine = new_machine()
    for number in range(1, 6):
        recorded = record_block(rpc, number)
        block = machine.execute(recorded.timestamp, recorded.txs)
        assert "0x" + block.hash.hex() == recorded.hash
        assert "0x" + block.state_root.hex() == recorded.state_root
        (receipt,) = rpc.call("eth_getBlockReceipts", hex(number))
        (done,) = block.transactions
        assert (hex(done.status), hex(done.gas_used)) == (receipt["status"], receipt["gasUsed"])


@pytest.mark.parametrize("field", ["nonce", "gas", "value", "input", "to", "v", "r", "s", "chainId", "hash"])
def test_a_node_that_alters_a_transaction_is_caught(chain: tuple[Rpc, list[bytes]], field: str) -> None:
    rpc, _ = chain
    (tx,) = rpc.call("eth_getBlockByNumber", "0x3", True)["transactions"]
    assert raw_transaction(tx)[:1] == b"\x02"
    other = {"input": "0x00", "to": "0x" + "22" * 20, "hash": "0x" + "22" * 32}.get(field, "0x5")
    altered = tx | {field: other, "yParity": other} if field == "v" else tx | {field: other}
    with pytest.raises(ChainError, match="does not hash"):
        raw_transaction(altered)


@pytest.mark.parametrize(
    "tx",
    [None, 5, [], {}, {"type": "0x9"}, {"type": 2}, {"type": "0x2", "chainId": "0x1"}, {"hash": "\x1b[31m"}],
    ids=range(8),
)
def test_what_is_no_transaction_object_is_refused(tx: Any) -> None:
    with pytest.raises(ChainError, match="cannot be read") as caught:
        raw_transaction(tx)
    assert str(caught.value).isprintable()


def test_both_spellings_of_the_parity_are_read(chain: tuple[Rpc, list[bytes]]) -> None:
    rpc, raws = chain
    (tx,) = rpc.call("eth_getBlockByNumber", "0x3", True)["transactions"]
    del tx["yParity"]
    assert raw_transaction(tx) == raws[2] and keccak(raws[2]).hex() == tx["hash"][2:]
    assert calldata("total()").hex() == keccak(b"total()")[:4].hex()
