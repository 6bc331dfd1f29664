"""FLContract: seals, finalising, redraws and the end of a round without a quorum."""

from __future__ import annotations

import pytest
from eth_utils import keccak

from dltui.chain import merkle
from dltui.chain.contracts.bound import AbortReason, RoundState
from tests.kits.contract_evm import CHAIN_ID
from tests.kits.contract_parts import indices
from tests.kits.contract_world import FEDERATION_ID, SEED, World, result

ROOT = b"\x0b" * 32


@pytest.fixture
def attesting(world: World) -> World:
    """A round whose three members have reported."""
    world.open()
    world.submit()
    world.report()
    return world


def test_seals_are_computed_alike_on_both_sides(attesting: World) -> None:
    for member, number, attempt in ((attesting.clients[0], 1, 0), (attesting.stranger, 2**32 - 1, 255)):
        ours = merkle.seal(CHAIN_ID, attesting.fl.address, FEDERATION_ID, number, attempt, member, result(1), ROOT)
        assert attesting.fl.seal_of(number, attempt, member, result(1), ROOT) == ours


def test_a_quorum_of_equal_seals_finalises(attesting: World) -> None:
    a, b, c = attesting.members()
    attesting.attest(a, result=result(1), verdicts=ROOT, accuracy=9000)
    sealed = attesting.seal(b, result(1), ROOT)
    sent = attesting.send(attesting.clients[b], attesting.fl.attest(1, 0, sealed, 8000))
    assert sent.args("Attested") == {"round": 1, "attempt": 0, "index": b, "sealed": sealed, "accuracyBp": 8000}
    attesting.attest(c, result=result(1), verdicts=ROOT, accuracy=9500)
    committee = attesting.round().committee
    done = attesting.finalise(result(1), ROOT)
    assert done.names() == ["VersionRegistered", "RoundFinalised"]
    assert done.args("RoundFinalised") == {
        "round": 1,
        "attempt": 0,
        "version": 1,
        "resultDigest": result(1),
        "verdictsRoot": ROOT,
        "agreeing": committee,
        "accuracyBp": 9000,
        "nextSeed": keccak(SEED + result(1)),
    }
    r = attesting.round()
    assert (r.state, r.verdicts_root, attesting.fl.seed()) == (RoundState.FINALISED, ROOT, keccak(SEED + result(1)))
    with attesting.refused("WrongState", state=RoundState.FINALISED):
        attesting.finalise(result(1), ROOT)


def test_a_copied_seal_counts_for_nobody_but_its_author(attesting: World) -> None:
    a, b, c = attesting.members()
    attesting.attest(a, result=result(1))
    stolen = attesting.seal(a, result(1), bytes(32))
    for thief in (b, c):
        attesting.send(attesting.clients[thief], attesting.fl.attest(1, 0, stolen, 9999))
    with attesting.refused("NoQuorum", agreeing=1):
        attesting.finalise(result(1))


@pytest.mark.parametrize("where", ["attempt", "round", "contract", "chain", "federation"])
def test_a_seal_made_for_elsewhere_is_worth_nothing(attesting: World, where: str) -> None:
    here = {
        "chain_id": CHAIN_ID,
        "fl": attesting.fl.address,
        "federation_id": FEDERATION_ID,
        "round": 1,
        "attempt": 0,
    }
    elsewhere = {
        "attempt": {"attempt": 1},
        "round": {"round": 2},
        "contract": {"fl": attesting.models.address},
        "chain": {"chain_id": 1},
        "federation": {"federation_id": bytes(32)},
    }[where]
    for index in attesting.members():
        sealed = merkle.seal(
            **{**here, **elsewhere}, member=attesting.clients[index], result_digest=result(1), verdicts_root=ROOT
        )
        attesting.send(attesting.clients[index], attesting.fl.attest(1, 0, sealed, 1))
    with attesting.refused("NoQuorum", agreeing=0):
        attesting.finalise(result(1), ROOT)


def test_result_and_verdicts_must_both_be_what_was_sealed(attesting: World) -> None:
    attesting.attest(result=result(1), verdicts=ROOT)
    for wrong in ((result(2), ROOT), (result(1), bytes(32)), (bytes(32), ROOT)):
        with attesting.refused("NoQuorum", agreeing=0):
            attesting.finalise(*wrong)
    attesting.finalise(result(1), ROOT)


def test_a_disagreeing_minority_changes_neither_result_nor_accuracy(attesting: World) -> None:
    a, b, c = attesting.members()
    attesting.attest(a, result=result(1), accuracy=7000)
    attesting.attest(b, result=result(1), accuracy=9000)
    attesting.attest(c, result=result(2), accuracy=0)
    with attesting.refused("NoQuorum", agreeing=1):
        attesting.finalise(result(2))
    done = attesting.finalise(result(1)).args("RoundFinalised")
    assert (done["agreeing"], done["accuracyBp"]) == (1 << a | 1 << b, 7000)
    assert attesting.models.version_of(1).proposers == 1 << a | 1 << b


@pytest.mark.parametrize(
    ("accuracies", "median"),
    [((1, 2, 3, 4, 5), 3), ((5, 4, 3, 2, 1), 3), ((10_000, 0, 10_000, 0, 7), 7), ((9, 9, 9, 9, 9), 9)],
)
def test_the_median_is_over_all_who_agree(world: World, accuracies: tuple[int, ...], median: int) -> None:
    world.replan(committee_size=5, quorum=3)
    world.open()
    world.submit()
    world.report()
    for index, accuracy in enumerate(accuracies):
        world.attest(index, result=result(1), accuracy=accuracy)
    assert world.finalise(result(1)).args("RoundFinalised")["accuracyBp"] == median
    stored = world.round().accuracies
    assert tuple(stored >> 16 * seat & 0xFFFF for seat in range(5)) == accuracies


def test_the_median_of_an_even_number_is_the_lower_middle(world: World) -> None:
    world.replan(committee_size=5, quorum=3)
    world.open()
    world.submit()
    world.report()
    for index, accuracy in enumerate((40, 10, 30, 20)):
        world.attest(index, result=result(1), accuracy=accuracy)
    world.attest(4, result=result(2), accuracy=9999)
    assert world.finalise(result(1)).args("RoundFinalised")["accuracyBp"] == 20


def test_an_attestation_is_checked(attesting: World) -> None:
    fl, index = attesting.fl, attesting.members()[0]
    member = attesting.clients[index]
    for call, name in (
        (fl.attest(2, 0, ROOT, 1), "WrongRound"),
        (fl.attest(1, 1, ROOT, 1), "WrongAttempt"),
        (fl.attest(1, 0, ROOT, 10_001), "AccuracyOutOfRange"),
        (fl.report(1, 0, 0), "WrongState"),
    ):
        with attesting.refused(name):
            attesting.send(member, call)
    with attesting.refused("NotMember"):
        attesting.send(attesting.clients[attesting.outsider()], fl.attest(1, 0, ROOT, 1))
    attesting.send(member, fl.attest(1, 0, ROOT, 10_000))
    with attesting.refused("AlreadyAttested"):
        attesting.send(member, fl.attest(1, 0, ROOT, 1))
    attesting.evm.now = attesting.round().deadline
    attesting.attest(attesting.members()[1], result=result(1))
    attesting.wait(1)
    with attesting.refused("TooLate"):
        attesting.attest(attesting.members()[2], result=result(1))


def test_finalising_waits_for_all_who_reported_or_the_deadline(attesting: World) -> None:
    attesting.attest(*attesting.members()[:2], result=result(1))
    with attesting.refused("TooEarly", notBefore=attesting.round().deadline + 1):
        attesting.finalise(result(1))
    attesting.pass_deadline()
    assert attesting.finalise(result(1)).args("RoundFinalised")["version"] == 1


def test_a_silent_member_costs_one_deadline_only(world: World) -> None:
    world.open()
    world.submit()
    talking = world.members()[:2]
    world.report(*talking)
    world.pass_deadline()
    world.send(world.stranger, world.fl.close_reports(1))
    world.attest(result=result(1))
    assert world.finalise(result(1)).args("RoundFinalised")["agreeing"] == sum(1 << m for m in talking)


def test_a_quorum_for_nothing_aborts_with_its_verdicts(attesting: World) -> None:
    attesting.attest(result=bytes(32), verdicts=ROOT)
    aborted = attesting.finalise(bytes(32), ROOT).args("RoundAborted")
    assert (aborted["reason"], aborted["verdictsRoot"]) == (AbortReason.TOO_FEW_VALID, ROOT)
    assert attesting.models.count() == 1
    assert attesting.round().verdicts_root == ROOT
    assert attesting.open() == 2


def test_attestations_are_given_up_only_when_it_is_time(attesting: World) -> None:
    close = attesting.fl.close_attestations(1)
    attesting.attest(*attesting.members()[:2], result=result(1))
    deadline = attesting.round().deadline
    with attesting.refused("TooEarly", notBefore=deadline + 1):
        attesting.send(attesting.stranger, close)
    attesting.evm.now = deadline + 90
    with attesting.refused("TooEarly", notBefore=deadline + 91):
        attesting.send(attesting.stranger, close)
    attesting.wait(1)
    assert attesting.send(attesting.stranger, close).args("ReportingStarted")["attempt"] == 1


def test_until_then_a_quorum_can_still_be_finalised(attesting: World) -> None:
    attesting.attest(result=result(1))
    attesting.evm.now = attesting.round().deadline + 10**6
    assert attesting.finalise(result(1)).args("RoundFinalised")["version"] == 1


def test_without_enough_attestations_the_deadline_is_enough(attesting: World) -> None:
    attesting.attest(attesting.members()[0], result=result(1))
    attesting.pass_deadline()
    sent = attesting.send(attesting.stranger, attesting.fl.close_attestations(1))
    assert sent.args("ReportingStarted")["attempt"] == 1


def test_a_redraw_starts_over_with_the_same_submissions(attesting: World) -> None:
    before = attesting.round()
    attesting.attest(*attesting.members()[:1], result=result(1))
    attesting.pass_deadline()
    attesting.send(attesting.stranger, attesting.fl.close_attestations(1))
    r = attesting.round()
    assert (r.state, r.attempt, r.reported, r.attested) == (RoundState.REPORTING, 1, 0, 0)
    assert (r.submitted, r.selected, r.base_version) == (before.submitted, before.selected, before.base_version)
    assert r.deadline == attesting.evm.now + 60
    assert attesting.fl.seed() == SEED
    attesting.report()
    attesting.attest(result=result(1))
    done = attesting.finalise(result(1)).args("RoundFinalised")
    assert (done["attempt"], done["version"]) == (1, 1)


def test_old_seals_do_not_survive_a_redraw(attesting: World) -> None:
    """Slots are written over, so a seal left in one must not count without its bit."""
    attesting.attest(attesting.members()[0], result=result(1))
    attesting.pass_deadline()
    attesting.send(attesting.stranger, attesting.fl.close_attestations(1))
    attesting.report()
    attesting.pass_deadline()
    with attesting.refused("NoQuorum", agreeing=0):
        attesting.finalise(result(1))


@pytest.mark.parametrize("silent", [0, 1, 2])
def test_seals_and_accuracies_are_found_whoever_is_missing(attesting: World, silent: int) -> None:
    members = attesting.members()
    for seat, index in enumerate(members):
        if seat != silent:
            attesting.attest(index, result=result(1), accuracy=1000 + seat)
    attesting.pass_deadline()
    done = attesting.finalise(result(1)).args("RoundFinalised")
    assert done["agreeing"] == sum(1 << index for seat, index in enumerate(members) if seat != silent)
    assert done["accuracyBp"] == 1000 + (1 if silent == 0 else 0)


def test_accuracies_of_an_earlier_attempt_are_written_over(attesting: World) -> None:
    attesting.attest(result=result(1), accuracy=8191)
    attesting.evm.now = attesting.round().deadline + 91
    attesting.send(attesting.stranger, attesting.fl.close_attestations(1))
    attesting.report()
    attesting.attest(result=result(1), accuracy=4096)
    assert attesting.finalise(result(1)).args("RoundFinalised")["accuracyBp"] == 4096
    assert attesting.round().accuracies == 4096 | 4096 << 16 | 4096 << 32


def test_silent_members_are_not_drawn_again_while_others_are_left(world: World) -> None:
    world.replan(committee_size=3, quorum=2)
    for _ in range(4):
        world.enrol(f"0x{len(world.clients) + 100:040x}")
    world.open()
    world.submit()
    silent: set[int] = set()
    for attempt in (1, 2):
        reporter, *rest = world.members()
        world.report(reporter)
        world.pass_deadline()
        sent = world.send(world.stranger, world.fl.close_reports(1))
        assert sent.args("ReportingStarted")["attempt"] == attempt
        assert not set(rest) & set(world.members())
        silent |= set(rest)
    world.pass_deadline()
    aborted = world.send(world.stranger, world.fl.close_reports(1)).args("RoundAborted")
    assert (aborted["attempt"], aborted["reason"]) == (2, AbortReason.NO_QUORUM)


def test_just_enough_others_are_enough(world: World) -> None:
    """With several seeds, so that the right members do not come up by chance."""
    for _ in range(4):
        number = world.open()
        world.submit()
        reporter, *silent = world.members()
        world.report(reporter)
        world.pass_deadline()
        world.send(world.stranger, world.fl.close_reports(number))
        assert set(world.members()) == set(range(5)) - set(silent)
        for _ in range(2):
            world.pass_deadline()
            world.send(world.stranger, world.fl.close_reports(number))


def test_members_that_reported_and_did_not_attest_are_silent_too(world: World) -> None:
    for _ in range(4):
        world.enrol(f"0x{len(world.clients) + 100:040x}")
    world.open()
    world.submit()
    world.report()
    world.attest(world.members()[0], result=result(1))
    silent = set(world.members()[1:])
    world.pass_deadline()
    world.send(world.stranger, world.fl.close_attestations(1))
    assert not silent & set(world.members())


def test_when_too_few_others_are_left_silent_members_are_drawn_again(world: World) -> None:
    world.replan(committee_size=4, quorum=3)
    world.open()
    world.submit()
    world.pass_deadline()
    world.send(world.stranger, world.fl.close_reports(1))
    assert len(world.members()) == 4


def test_a_banned_member_is_not_drawn_again(world: World) -> None:
    world.replan(committee_size=5, quorum=3)
    world.open()
    world.submit()
    world.operate(world.fl.ban_client(1))
    world.pass_deadline()
    world.send(world.stranger, world.fl.close_reports(1))
    assert world.members() == (0, 2, 3, 4)
    assert world.round().submitted == 0b11111


def test_with_too_few_members_left_for_a_quorum_the_round_ends(world: World) -> None:
    world.replan(committee_size=5, quorum=4)
    world.open()
    world.submit()
    world.operate(world.fl.ban_client(1))
    world.operate(world.fl.ban_client(2))
    world.pass_deadline()
    aborted = world.send(world.stranger, world.fl.close_reports(1)).args("RoundAborted")
    assert (aborted["attempt"], aborted["reason"]) == (0, AbortReason.NO_QUORUM)


def test_disagreement_ends_after_three_committees(world: World) -> None:
    world.open()
    world.submit()
    for attempt in range(3):
        assert world.round().attempt == attempt
        world.report()
        for number, index in enumerate(world.members()):
            world.attest(index, result=result(10 + number))
        for number in range(3):
            with world.refused("NoQuorum", agreeing=1):
                world.finalise(result(10 + number))
        world.evm.now = world.round().deadline + 91
        sent = world.send(world.stranger, world.fl.close_attestations(1))
    aborted = sent.args("RoundAborted")
    assert (aborted["attempt"], aborted["reason"]) == (2, AbortReason.NO_QUORUM)
    expected = (2).to_bytes(32, "big") + (96).to_bytes(32, "big") + (5).to_bytes(32, "big") + b"abort".ljust(32, b"\0")
    assert aborted["nextSeed"] == keccak(SEED + expected)


def test_a_report_of_an_earlier_attempt_is_refused(attesting: World) -> None:
    attesting.pass_deadline()
    attesting.send(attesting.stranger, attesting.fl.close_attestations(1))
    member = attesting.clients[indices(attesting.round().committee)[0]]
    with attesting.refused("WrongAttempt", current=1):
        attesting.send(member, attesting.fl.report(1, 0, 0))
