"""What earlier releases recorded, executed on the present code: it answers, logs and remembers what that code did.

This holds as long as the contracts do not change what they do on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
import rlp
from eth_utils import keccak, to_checksum_address
from trie import HexaryTrie

from dltui.chain.contracts import abi, artifacts
from dltui.chain.contracts.bound import ADMIN_ROLE, OPERATOR_ROLE
from dltui.chain.contracts.describe import deployment
from dltui.chain.history.txlog import TxLog
from dltui.chain.transactions import Transaction, decode_transaction
from tests.kits.contract_evm import Evm
from tests.kits.recorded import HONEST, unpack

CHAIN_ID = 31_337
FL_ROLE = keccak(text="FL_ROLE")
NAMES = ("ModelRegistry", "DataRegistry", "FLContract")

Log = tuple[str, tuple[int, ...], bytes]


@dataclass(frozen=True)
class Effect:
    """What a transaction did: whether it went through, what it returned (no code), and its logs as they are."""

    error: bool
    output: bytes
    logs: tuple[Log, ...]


class Executed:
    """A recorded run, executed with its own code or with the present one at the same addresses."""

    def __init__(self, log: TxLog, *, present: bool) -> None:
        self.evm = Evm(CHAIN_ID)
        self.effects: list[Effect] = []
        self.addresses: dict[str, str] = {}
        self.accounts: set[str] = set()
        self._present = present
        for record in log.read():
            self.evm.now = record.timestamp
            for raw in record.txs:
                self._send(decode_transaction(raw, CHAIN_ID))

    def _send(self, tx: Transaction) -> None:
        sender, to = to_checksum_address(tx.sender), to_checksum_address(tx.to) if tx.to else None
        found = None if to else deployment(tx.data)
        done = self.evm.execute(sender, to, self._data(tx, found), 9_000_000 if found else tx.gas)
        self.accounts.add(sender)
        if found is not None:
            assert not done.is_error
            self.addresses[found[0]] = to_checksum_address(done.msg.storage_address)
        logs = tuple(("0x" + at.hex(), tuple(topics), bytes(data)) for at, topics, data in done.get_log_entries())
        self.effects.append(Effect(bool(done.is_error), b"" if found else bytes(done.output), logs))

    def _data(self, tx: Transaction, found: tuple[str, bytes] | None) -> bytes:
        if not self._present:
            return tx.data
        if found is not None:
            return artifacts.artifact(found[0]).bytecode + found[1]
        # Release 0.1.0 gave the FLContract a role on the registries; now they are told its address.
        granted = abi.entries("ModelRegistry", "function")["grantRole"]
        if tx.data[:4] == granted.selector and (told := granted.decode_inputs(tx.data[4:]))["role"] == FL_ROLE:
            return abi.entries("ModelRegistry", "function")["setFederation"].encode([told["account"]])
        return tx.data


@pytest.fixture(scope="module", params=sorted(HONEST))
def recorded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Executed, Executed]:
    """The name of a recorded run; the run on its own code; the same transactions on the present code."""
    log = TxLog(unpack(request.param, tmp_path_factory.mktemp("run")).txs)
    return request.param, Executed(log, present=False), Executed(log, present=True)


def test_each_transaction_does_what_it_did(recorded: tuple[str, Executed, Executed]) -> None:
    name, before, now = recorded
    assert sorted(before.addresses) == sorted(NAMES) and before.addresses == now.addresses
    assert len(before.effects) == len(now.effects)
    topic = int.from_bytes(abi.entries("FLContract", "event")["RoundFinalised"].digest, "big")
    assert sum(log[1][0] == topic for effect in now.effects for log in effect.logs) == HONEST[name]
    # Release 0.1.0 connected its contracts in another way, right after their deployment.
    different = [n for n, pair in enumerate(zip(before.effects, now.effects, strict=True)) if pair[0] != pair[1]]
    assert different == ([3, 4] if name.startswith("0.1.0") else [])


@dataclass(frozen=True)
class Layout:
    """Where the FLContract keeps what: numbers of slots."""

    plans: int
    active: int
    banned: int
    clients: int
    members: int
    counters: int
    pace: int
    rounds: int
    seals: int
    seed: int
    round_bits: int
    """At which bit of its slot the number of the newest round begins; the number of clients is beside it."""

    def words(self, run: Executed) -> dict[str, tuple[int, int]]:
        """Slot and value of everything that is kept, by a name that does not depend on the layout."""
        at = run.addresses["FLContract"]
        places = {"active": self.active, "banned": self.banned, "pace": self.pace, "seed": self.seed}
        counters = run.evm.slot(at, self.counters)
        current = counters >> self.round_bits & 0xFFFFFFFF
        clients = counters >> (32 if self.round_bits == 0 else 0) & 0xFFFF
        places["plans"] = self.plans
        first = int.from_bytes(keccak(self.plans.to_bytes(32, "big")), "big")
        places |= {f"plan {n}": first + n for n in range(2 * run.evm.slot(at, self.plans))}
        for number in range(1, current + 1):
            places |= {f"round {number}.{n}": entry(number, self.rounds) + n for n in range(10)}
        places |= {f"client {index}": entry(index, self.clients) for index in range(clients)}
        places |= {f"seal {seat}": entry(seat, self.seals) for seat in range(16)}
        places |= {f"member {account}": entry(int(account, 16), self.members) for account in run.accounts}
        for role in (ADMIN_ROLE, OPERATOR_ROLE):
            granted = entry(int.from_bytes(role, "big"), 0)
            places |= {f"role {role.hex()} {account}": entry(int(account, 16), granted) for account in run.accounts}
        words = {name: (place, run.evm.slot(at, place)) for name, place in places.items()}
        return {"counters": (self.counters, counters), **words}


LAYOUTS = {
    "0.2.0": Layout(6, 2, 3, 8, 9, 4, 5, 7, 10, 1, round_bits=0),
    "now": Layout(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, round_bits=16),
}


def entry(key: int, mapping: int) -> int:
    """The slot of a mapping's value."""
    return int.from_bytes(keccak(key.to_bytes(32, "big") + mapping.to_bytes(32, "big")), "big")


def root(words: Iterable[tuple[int, int]]) -> bytes:
    """The storage root of a contract that keeps these words and nothing else."""
    trie = HexaryTrie({})
    for place, value in words:
        if value:
            trie[keccak(place.to_bytes(32, "big"))] = rlp.encode(value)
    return bytes(trie.root_hash)


def test_each_transaction_leaves_behind_what_it_left(recorded: tuple[str, Executed, Executed]) -> None:
    """The words are the same at other places, and there are no more of them: storage roots prove it."""
    name, before, now = recorded
    kept = [LAYOUTS[layout].words(run) for layout, run in (("0.2.0", before), ("now", now))]
    for words, run in zip(kept, (before, now), strict=True):
        assert root(words.values()) == run.evm.storage_root(run.addresses["FLContract"])
    counters = [words.pop("counters")[1] for words in kept]
    assert (counters[0] & 0xFFFFFFFF, counters[0] >> 32) == (counters[1] >> 16, counters[1] & 0xFFFF)
    assert {word: value for word, (_, value) in kept[0].items()} == {
        word: value for word, (_, value) in kept[1].items()
    }
    # Those of release 0.1.0 kept who may write to them as a role.
    for registry in ("ModelRegistry", "DataRegistry") if name.startswith("0.2.0") else ():
        at = before.addresses[registry]
        assert before.evm.storage_root(at) == now.evm.storage_root(at)
