from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from eth.db.backends.memory import MemoryDB
from hypothesis import given, settings
from hypothesis import strategies as st

from dltui.devchain.database import SqliteStore
from dltui.devchain.machine import Machine
from dltui.devchain.stored_chain import STATE_FILE, NoBlock, StoredChain
from dltui.errors import ChainError
from tests.kits.chain import START, Clock, calldata, deploy, genesis, sign


def open_chain(directory: Path) -> StoredChain:
    return StoredChain(directory, genesis(), Clock())


_steps = st.lists(
    st.tuples(
        st.sampled_from(["set", "delete", "commit", "fail", "reopen"]),
        st.sampled_from([b"a", b"b", b"c"]),
        st.binary(max_size=4),
    ),
    max_size=30,
)


@settings(max_examples=100, deadline=None)
@given(steps=_steps)
def test_the_store_is_a_dictionary_whose_writes_count_once_committed(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, bytes, bytes]]
) -> None:
    path = tmp_path_factory.mktemp("kv") / "kv.sqlite"
    store, seen, committed = SqliteStore(path), {}, {}  # type: ignore[var-annotated]
    for step, key, value in steps:
        if step == "set":
            store[key] = value
            seen[key] = value
        elif step == "delete":
            store.delete(key)
            seen.pop(key, None)
        elif step == "commit":
            with store.block():
                pass
            committed = dict(seen)
        elif step == "fail":
            with pytest.raises(RuntimeError), store.block():
                raise RuntimeError
            seen = dict(committed)
        else:
            store.connection.close()
            store, seen = SqliteStore(path), dict(committed)
        assert {k: store[k] for k in (b"a", b"b", b"c") if k in store} == seen
    store.close()


def test_rows_and_values_stand_or_fall_together(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "kv.sqlite")
    store.connection.execute("CREATE TABLE rows(n INTEGER)")
    store[b"k"] = b"v"
    with pytest.raises(sqlite3.IntegrityError), store.block() as connection:
        connection.execute("INSERT INTO rows VALUES (1)")
        raise sqlite3.IntegrityError
    assert b"k" not in store
    assert store.connection.execute("SELECT count(*) FROM rows").fetchone() == (0,)
    store.close()


def test_a_closed_chain_reopens_with_blocks_receipts_logs_and_state(tmp_path: Path) -> None:
    chain = open_chain(tmp_path)
    created = chain.mine([deploy(0, 0)]).transactions[0].contract
    assert created is not None
    call = calldata("ping(uint256,bytes)", 4, b"hi")
    chain.mine([sign(1, 0, "0x" + created.hex(), data=call, gas=120_000)])
    before = [chain.index.block(n, True) for n in range(3)], chain.index.receipts(2), chain.head.hash
    chain.close()
    again = open_chain(tmp_path)
    assert ([again.index.block(n, True) for n in range(3)], again.index.receipts(2), again.head.hash) == before
    assert again.machine.storage(created, 1) == 4
    assert again.mine([sign(1, 1)]).number == 3
    again.close()
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith("-wal")] == []


def test_stored_and_in_memory_chains_make_the_same_blocks(tmp_path: Path) -> None:
    chain, machine = open_chain(tmp_path), Machine(MemoryDB(), genesis())
    for raws in ([deploy(0, 0), sign(1, 0)], [sign(2, 0), sign(1, 1)]):
        block = chain.mine(raws)
        assert machine.execute(block.timestamp, raws).hash == block.hash
    chain.close()


def test_a_refused_batch_makes_no_block(tmp_path: Path) -> None:
    chain = open_chain(tmp_path)
    with pytest.raises(NoBlock) as caught:
        chain.mine([sign(0, 5), b"rubbish"])
    assert sorted(caught.value.refused) == [0, 1]
    with pytest.raises(NoBlock, match="nonce too high"):
        chain.mine([sign(0, 0), sign(1, 5)], whole=True)
    assert chain.head.block_number == 0 and chain.index.height() == 0
    assert chain.mine([sign(0, 0)]).number == 1
    chain.close()


def test_a_block_before_its_parents_time_is_refused(tmp_path: Path) -> None:
    chain = open_chain(tmp_path)
    chain.mine([], START + 5)
    with pytest.raises(ChainError, match="block 2: the timestamp is earlier"):
        chain.mine([], START + 4)
    assert chain.mine([], START + 5).timestamp == START + 5
    chain.close()


def test_one_process_has_the_chain_open(tmp_path: Path) -> None:
    chain = open_chain(tmp_path)
    with pytest.raises(ChainError, match="another node has this chain open"):
        open_chain(tmp_path)
    chain.close()
    open_chain(tmp_path).close()


def test_state_of_another_genesis_is_refused(tmp_path: Path) -> None:
    open_chain(tmp_path).close()
    with pytest.raises(ChainError, match="another genesis"):
        StoredChain(tmp_path, genesis(5))


def test_an_unusable_state_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / STATE_FILE).write_bytes(b"not a database" * 1000)
    with pytest.raises(ChainError, match="delete the file") as caught:
        open_chain(tmp_path)
    assert caught.value.where == str(tmp_path / STATE_FILE)


def test_an_index_that_lost_a_block_is_noticed(tmp_path: Path) -> None:
    chain = open_chain(tmp_path)
    chain.mine([sign(0, 0)])
    chain.close()
    with sqlite3.connect(tmp_path / STATE_FILE) as connection:
        connection.execute("DELETE FROM blocks WHERE number = 1")
    connection.close()
    with pytest.raises(ChainError, match="disagree"):
        open_chain(tmp_path)
