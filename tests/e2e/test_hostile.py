"""Participants that cheat, and neighbours of the engine that send rubbish: the honest result stands, with verdicts."""

from __future__ import annotations

import json
import math
import socket
from collections.abc import Callable

import numpy as np
import pytest

from dltui.aggregation.blobs.update import decode_update
from dltui.aggregation.fixed import Tensors, squared_norm
from dltui.chain.contracts.records import ClientStatus
from dltui.core import events as ev
from dltui.core.commands import new_command
from dltui.core.ledger import RoundFacts
from dltui.errors import RunError
from dltui.protocol.demo_keys import client_key
from dltui.verify.run import verify
from tests.kits.rogue import SCALE_BITS, Rogue
from tests.kits.runs import Run

SEED = 11
SHORT = {
    "rounds__train_seconds": 5,
    "rounds__train_seconds_max": 8,
    "rounds__report_seconds": 5,
    "rounds__attest_seconds": 5,
}
HONEST = {f"client-{i}" for i in range(4)}

Start = Callable[..., Run]


def infiltrated(start: Start, rounds: int, **more: float) -> tuple[Run, Rogue]:
    """A paused run of four honest clients, and the key of a fifth whose process is gone."""
    run = start(run__rounds=rounds, run__seed=SEED, clients__count=4, data__parts=5, **{**SHORT, **more})
    run.send("run.pause")
    for client in HONEST:
        run.until(ev.ClientRegistered, id=client)
    run.send("client.register", client="client-4")
    pid = run.until(ev.ClientSpawned, id="client-4").pid
    run.send("client.stop", client="client-4", signal="kill")
    run.until(ev.ClientExited, id="client-4", pid=pid)
    rogue = Rogue(run, client_key(SEED, 4).secret)
    rogue.join("client-4")
    assert run.until(ev.ClientRegistered, id="client-4").index == 4
    return run, rogue


def test_cheating_updates_get_named_verdicts_and_change_nothing(start: Start) -> None:
    run, rogue = infiltrated(start, 8)
    run.send("run.resume")
    first: dict[str, RoundFacts] = {}

    def neighbour(facts: RoundFacts) -> str:
        theirs = rogue.until(lambda: [s.digest for s in facts.submissions.values()], "a neighbour's update")
        rogue.submit_digest(facts, theirs[0])
        return "WRONG_OWNER"

    def another_name(facts: RoundFacts) -> str:
        rogue.submit(facts, rogue.update(facts, client=0))
        return "WRONG_OWNER"

    def nan(name: str, tensors: Tensors) -> None:
        tensors[name] = np.full(tensors[name].shape, np.nan, np.float32)

    def not_finite(facts: RoundFacts) -> str:
        rogue.submit(facts, rogue.update(facts, nan))
        return "NOT_FINITE"

    def garbage(facts: RoundFacts) -> str:
        rogue.submit(facts, b"[" * 100_000)
        return "MALFORMED"

    def replayed(facts: RoundFacts) -> str:
        rogue.submit(facts, rogue.update(facts, round=1, base=first["facts"].base_digest))
        return "WRONG_BASE"

    def huge(name: str, tensors: Tensors) -> None:
        tensors[name] += np.iinfo(np.int32).max

    def out_of_range(facts: RoundFacts) -> str:
        rogue.submit(facts, rogue.update(facts, huge))
        return "OUT_OF_RANGE"

    def other_shape(name: str, tensors: Tensors) -> None:
        tensors[name] = np.zeros((3, 3), np.int32)

    def malformed(facts: RoundFacts) -> str:
        rogue.submit(facts, rogue.update(facts, other_shape))
        return "MALFORMED"

    def withheld(facts: RoundFacts) -> str:
        rogue.submit_digest(facts, "5e" * 32)
        return "WITHHELD"

    attacks = [neighbour, not_finite, garbage, replayed, out_of_range, malformed, another_name, withheld]
    expected, as_member = {}, 0
    for number, attack in enumerate(attacks, start=1):
        facts = rogue.opened(number)
        first.setdefault("facts", facts)
        expected[number] = attack(facts)
        assert rogue.refused(rogue.contract.submit(number, b"\7" * 32, 0, 0)) in ("AlreadySubmitted", "WrongState")
        as_member += cheats_on_the_committee(rogue, facts)
        rogue.ended(number)
    assert run.finish() == 0, run.story()
    assert as_member >= 2, "the seed must draw the rogue into the committee"
    for number, reason in expected.items():
        verdicts = {v.client: v for v in run.of(ev.RoundIncluded, round=number)[0].verdicts}
        assert (verdicts["client-4"].reason, verdicts["client-4"].weight) == (reason, 0), number
        assert {client for client, verdict in verdicts.items() if verdict.included} == HONEST
        final = run.of(ev.RoundFinalised, round=number)[0]
        assert final.attempt == 0
        assert set(final.agreeing) <= HONEST
        assert len(final.agreeing) >= 2
    assert run.of(ev.RoundAborted) == []
    assert [missed.round for missed in run.of(ev.ClientMissed)] == [8]
    assert run.of(ev.ModelEvaluated)[-1].accuracy_bp > 8_500
    verify(run.paths, lambda step: None)


def test_with_a_clip_bound_one_update_changes_no_more_than_it_whatever_its_owner_does(start: Start) -> None:
    bound = 0.05
    run, rogue = infiltrated(start, 1, training__clip=bound)
    run.send("run.resume")

    def unclipped(name: str, tensors: Tensors) -> None:
        """No element is large: only all of them together are."""
        tensors[name] += np.int32(bound * 2**SCALE_BITS / 100)

    facts = rogue.opened(1)
    rogue.submit(facts, rogue.update(facts, unclipped))
    rogue.ended(1)
    assert run.finish() == 0, run.story()
    verdicts = {v.client: v for v in run.of(ev.RoundIncluded, round=1)[0].verdicts}
    assert {v.client for v in verdicts.values() if v.included} == HONEST
    assert verdicts["client-4"].reason == "OUT_OF_RANGE"
    for client in sorted(HONEST):
        update = decode_update(rogue.store.get(verdicts[client].digest))
        norm = math.isqrt(sum(map(squared_norm, update.deltas.values()))) / 2**SCALE_BITS
        assert norm == pytest.approx(bound, rel=1e-3), "training alone would change more"
    verify(run.paths, lambda step: None, measure=False)


def cheats_on_the_committee(rogue: Rogue, facts: RoundFacts) -> bool:
    """As a member: a report of updates that nobody made is refused; an empty one, and a copied seal, win nothing."""
    me, number = rogue.index, facts.number
    rogue.until(lambda: facts.state != "open", "end of submissions")
    if me not in facts.committee:
        return False
    everything = 2**256 - 1
    assert rogue.refused(rogue.contract.report(number, 0, everything, b"")) == "NotSubmitted"
    assert rogue.refused(rogue.contract.report(number, 0, 0, b"x" * 513)) == "ScoresTooLong"
    rogue.wallet.send(rogue.contract.report(number, 0, 0, b""))
    rogue.until(lambda: facts.state == "attesting" and facts.attested, "a neighbour's seal")
    seals = [log.args for log in rogue.logs if log.event == "Attested" and log.args["round"] == number]
    assert rogue.refused(rogue.contract.finalise(number, b"\6" * 32, b"\6" * 32)) == "TooEarly"
    rogue.wallet.send(rogue.contract.attest(number, 0, seals[0]["sealed"], 10_000))
    return True


def test_strangers_and_members_have_no_other_power(start: Start) -> None:
    run, rogue = infiltrated(start, 1, rounds__max_missed=1)
    key = b"\x17" * 32
    stranger = Rogue(run, key)
    rogue.wallet.transfer(stranger.wallet.address, 10**18)
    stranger.join("client-0")
    pending = run.until(ev.ClientPending, address=stranger.wallet.address)
    assert pending.id.startswith("client-0~")
    contract = stranger.contract
    for call in (
        contract.approve_client(stranger.wallet.address),
        contract.open_round(),
        contract.suspend_client(0),
        contract.ban_client(0),
        contract.base_rejected(),
        stranger.registry.approve_data(stranger.wallet.address, b"\1" * 32, 1440),
    ):
        assert stranger.refused(call) in ("AccessControlUnauthorizedAccount", "NotRegistry"), call.function
        assert rogue.refused(call) in ("AccessControlUnauthorizedAccount", "NotRegistry"), call.function
    # It joined without being asked for, so it is never registered by itself.
    run.send("run.resume")
    facts = rogue.opened(1)
    for call in (
        contract.submit(1, b"\5" * 32, 0, 0),
        contract.report(1, 0, 0, b""),
        contract.attest(1, 0, b"\5" * 32, 10_000),
        contract.finalise(1, b"\5" * 32, b"\5" * 32),
        contract.close_submissions(1),
    ):
        assert stranger.refused(call)
    assert contract.client_by_address(stranger.wallet.address).status == ClientStatus.PENDING
    # The rogue sends nothing at all: it is late, and the round goes on without it.
    rogue.ended(1)
    assert 4 in facts.selected
    assert run.finish() == 0, run.story()
    assert {late.id for late in run.of(ev.ClientLate)} == {"client-4"}
    assert [missed.misses for missed in run.of(ev.ClientMissed)] == [1]
    assert [suspended.id for suspended in run.of(ev.ClientSuspended)] == ["client-4"]
    assert len(run.of(ev.TxReverted)) >= 10
    verify(run.paths, lambda step: None)


def test_rubbish_on_the_control_socket(start: Start) -> None:
    run = start(run__rounds=1, clients__count=3)
    run.until(ev.ChainReady)
    path = json.loads(run.paths.run_json.read_bytes())["socket"]
    for rubbish in (
        b"\n",
        b"\xff\xfe\n",
        b"[" * 60_000 + b"\n",
        b'{"id":"a","actor":"x","source":"cli","name":"run.pause","args":{"a":' + b"[" * 60_000 + b"}}\n",
        b'{"id":"a","actor":"x","source":"cli","name":"run.delete","args":{}}\n',
        b'{"id":"a\\u001b","actor":"x","source":"cli","name":"run.pause","args":{}}\n',
    ):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(20)
            sock.connect(path)
            sock.sendall(rubbish)
            answer = json.loads(sock.makefile("rb").readline())
        assert answer["ok"] is False
        assert answer["message"]
        assert "\x1b" not in answer["message"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(20)
        sock.connect(path)
        sock.sendall(b"x" * 70_000)
        assert sock.recv(10) == b"", "a line without an end is dropped"
    run.until(ev.ModelPublished, version=0)
    assert run.of(ev.OpCommand) == []
    # The same command, thrice: carried out once, and answered alike.
    command = new_command("client.suspend", "cli", client="nobody")
    words = set()
    for _ in range(3):
        with pytest.raises(RunError, match="nobody") as refusal:
            run.session.send(command)
        words.add(str(refusal.value))
    assert len(words) == 1
    assert run.finish() == 0, run.story()
    assert [result.ok for result in run.of(ev.OpResult, id=command.id)] == [False]
    assert len(run.of(ev.OpCommand)) == 1
