"""One thing of a live run against chain and blobs: what is equal, and each difference that there can be."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dltui.config.sections import Config
from dltui.core.chain_states import ClientStatus, RoundState, VersionState
from dltui.core.client_set import ClientSet
from dltui.core.ledger import Ledger, Member, RoundFacts
from dltui.engine import live_verify as module
from dltui.engine.live_verify import CHECKS, LiveVerify
from dltui.errors import BlobError, RunError
from dltui.learning.plan import LearningPlan

DIGEST, ADDRESS, HASH = "ab" * 32, "0xa", "0x" + "cd" * 32


class World:
    """The journal's state, and a chain that agrees with it until the test changes one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told_version = SimpleNamespace(
            digest=DIGEST, round=0, state=VersionState.VERIFIED, released=True, parent=None
        )
        self.version = SimpleNamespace(digest=bytes.fromhex(DIGEST), round=0, state=VersionState.VERIFIED)
        self.released = 0
        self.told_round = SimpleNamespace(
            state=RoundState.OPEN, base=0, attempt=0, submitted=("a",), version=None, closed_at=""
        )
        self.round = SimpleNamespace(state=RoundState.OPEN, base_version=0, attempt=0, submitted=1, verdicts_root=b"")
        self.told_client = SimpleNamespace(
            address=ADDRESS, membership=ClientStatus.ACTIVE, index=0, records=50, granted=True
        )
        self.client = SimpleNamespace(status=ClientStatus.ACTIVE, index=0, exists=True)
        self.commitment = SimpleNamespace(count=50, approved=True, granted=True)
        self.blob: Exception | None = None
        self.ledger = Ledger()
        self.ledger.by_index[0] = Member(ADDRESS, "a", ClientStatus.ACTIVE, 0)
        everybody = ClientSet(1)
        self.ledger.rounds[1] = RoundFacts(1, 0, "", "", everybody, everybody, b"", 0, 0)
        manifest = SimpleNamespace(parent="0" * 64)
        monkeypatch.setattr(module, "MANIFEST", SimpleNamespace(read=lambda fetch, digest: manifest))
        monkeypatch.setattr(module, "load_version", self.load)
        state = SimpleNamespace(
            versions={0: self.told_version}, rounds={1: self.told_round}, clients={"a": self.told_client}, txs=[]
        )
        federation = SimpleNamespace(
            fl=SimpleNamespace(round_of=lambda number: self.round, client_by_address=lambda address: self.client),
            models=SimpleNamespace(version_of=lambda number: self.version, released=lambda: self.released),
            data=SimpleNamespace(commitment_of=lambda address: self.commitment),
        )
        facts = SimpleNamespace(ledger=self.ledger, id_of=lambda address: "a")
        rpc = SimpleNamespace(call=lambda method, hash: None)
        roles = (rpc, federation, facts, LearningPlan.of(Config()), SimpleNamespace(get=None), state)
        self.state = state
        self.verify = LiveVerify(*cast(Any, roles))

    def load(self, digest: str, fetch: object) -> None:
        if self.blob is not None:
            raise self.blob

    def check(self, name: str, **args: Any) -> tuple[bool, str]:
        result = self.verify.check(name, args)
        return result.ok, result.text


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_a_version_that_is_on_the_chain_matches(world: World) -> None:
    result = world.verify.check("model.verify", {"version": 0})
    assert result.ok and result.steps == (
        "version 0 matches",
        "registry row asked of the chain",
        "manifest and model hash to their names",
    )


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("digest", "cd" * 32, "its digest"),
        ("round", 3, "its round"),
        ("state", VersionState.REJECTED, "its state"),
        ("released", False, "whether it is released"),
    ],
)
def test_a_version_that_the_journal_tells_otherwise(world: World, field: str, value: Any, what: str) -> None:
    setattr(world.told_version, field, value)
    ok, text = world.check("model.verify", version=0)
    assert not ok and text.startswith(f"version 0: mismatch: {what} is ")


def test_a_version_whose_blob_is_altered(world: World) -> None:
    world.blob = BlobError("the blob is corrupt")
    assert world.check("model.verify", version=0) == (False, "version 0: mismatch: the blob is corrupt")


def test_a_round_without_a_result_matches(world: World) -> None:
    assert world.check("round.verify", round=1) == (
        True,
        "round 1 matches; state, base, attempt and 1 submissions asked of the chain; it has no result to recompute yet",
    )


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("state", RoundState.REPORTING, "its state"),
        ("base_version", 4, "its base version"),
        ("attempt", 2, "its attempt"),
        ("submitted", 0, "who submitted"),
    ],
)
def test_a_round_that_the_chain_has_otherwise(world: World, field: str, value: Any, what: str) -> None:
    setattr(world.round, field, value)
    ok, text = world.check("round.verify", round=1)
    assert not ok and text.startswith(f"round 1: mismatch: {what} is ")


def test_a_round_is_recomputed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    root = b"\x07" * 32
    facts = replace(world.ledger.rounds[1], state=RoundState.ABORTED, verdicts_root=root)
    world.ledger.rounds[1] = facts
    world.round.verdicts_root = root
    monkeypatch.setattr(module, "result_of", lambda *args: SimpleNamespace(digest=DIGEST, verdicts=()))
    monkeypatch.setattr(module, "verdicts_root", lambda number, verdicts: root)
    ok, text = world.check("round.verify", round=1)
    assert ok and text.endswith("round 1 recomputed from 0 updates to the same digest and verdicts")
    world.round.verdicts_root = b"\x08" * 32
    ok, text = world.check("round.verify", round=1)
    assert not ok and text.startswith("round 1: mismatch: the root of its verdicts is 0707")


def test_a_client_matches(world: World) -> None:
    ok, text = world.check("client.verify", client="a")
    assert ok and text == "a matches; membership active and 50 approved records asked of the chain"


@pytest.mark.parametrize(
    ("row", "field", "value", "what"),
    [
        ("client", "status", ClientStatus.SUSPENDED, "its membership"),
        ("client", "index", 3, "its index"),
        ("commitment", "count", 51, "its approved records"),
        ("commitment", "approved", False, "its approved records"),
        ("commitment", "granted", False, "its consent"),
    ],
)
def test_a_client_that_the_chain_has_otherwise(world: World, row: str, field: str, value: Any, what: str) -> None:
    setattr(getattr(world, row), field, value)
    ok, text = world.check("client.verify", client="a")
    assert not ok and text.startswith(f"a: mismatch: {what} is ")


def test_a_transaction_that_the_chain_has_not(world: World) -> None:
    world.state.txs.append(SimpleNamespace(hash=HASH))
    assert world.check("tx.verify", hash=HASH) == (False, f"{HASH}: mismatch: the chain has no such transaction")


@pytest.mark.parametrize(
    ("name", "args", "why"),
    [
        ("model.verify", {"version": 9}, "there is no version 9"),
        ("round.verify", {"round": 9}, "there is no round 9"),
        ("client.verify", {"client": "z"}, "no client z has asked to join"),
        ("tx.verify", {"hash": HASH}, "the journal tells of no such transaction"),
    ],
)
def test_what_the_run_does_not_have_is_no_mismatch(world: World, name: str, args: dict[str, Any], why: str) -> None:
    with pytest.raises(RunError, match=why):
        world.verify.check(name, args)


def test_every_check_is_a_command() -> None:
    assert set(CHECKS) == {"client.verify", "model.verify", "round.verify", "tx.verify"}
