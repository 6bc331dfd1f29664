"""FLContract: recorded misses, withheld updates, automatic suspension."""

from __future__ import annotations

import pytest

from dltui.chain import merkle
from dltui.chain.contracts.bound import ClientStatus, SuspendReason
from tests.kits.contract_world import World, digest, result

WEIGHTS = [100, 101, 102, 103, 104]


def leaves(number: int, reasons: dict[int, int]) -> list[bytes]:
    """One verdict for each of five clients; reason 0 where none is given."""
    return [
        merkle.verdict_leaf(number, index, digest(index), reasons.get(index, 0) == 0, reasons.get(index, 0), weight)
        for index, weight in enumerate(WEIGHTS)
    ]


def miss(world: World, number: int, index: int) -> int:
    """Records that a client sent nothing; returns its misses."""
    sent = world.send(world.stranger, world.fl.record_miss(number, index))
    assert sent.args("MissRecorded") == {"round": number, "index": index, "misses": sent.args("MissRecorded")["misses"]}
    return int(sent.args("MissRecorded")["misses"])


def withheld(world: World, number: int, index: int, tree: list[bytes]) -> int:
    """Records that a client withheld its update; returns its misses."""
    proof = merkle.proof(tree, index)
    call = world.fl.record_miss(number, index, digest(index), WEIGHTS[index], proof)
    return int(world.send(world.stranger, call).args("MissRecorded")["misses"])


def test_a_silent_client_is_suspended_after_the_plans_number_of_misses(world: World) -> None:
    world.play(result(1), submitters=(0, 1, 2))
    assert miss(world, 1, 4) == 1
    assert world.fl.client_of(4).status == ClientStatus.ACTIVE
    world.play(result(2), submitters=(0, 1, 2))
    sent = world.send(world.stranger, world.fl.record_miss(2, 4))
    assert sent.names() == ["MissRecorded", "ClientSuspended"]
    assert sent.args("ClientSuspended") == {"index": 4, "reason": SuspendReason.MISSED}
    client = world.fl.client_of(4)
    assert (client.status, client.misses, client.last_miss) == (ClientStatus.SUSPENDED, 2, 2)
    assert world.fl.active_bitmap() == 0b01111


def test_a_miss_counts_once_and_only_for_who_missed(world: World) -> None:
    with world.refused("NotLastClosed", lastClosed=0):
        miss(world, 1, 0)
    with world.refused("NotLastClosed", lastClosed=0):
        miss(world, 0, 0)
    world.play(result(1), submitters=(0, 1, 2))
    with world.refused("NotMissed", index=0):
        miss(world, 1, 0)
    with world.refused("UnknownClient"):
        miss(world, 1, 9)
    miss(world, 1, 3)
    with world.refused("MissAlreadyRecorded", index=3):
        miss(world, 1, 3)


def test_only_the_last_closed_round_counts(world: World) -> None:
    world.open()
    for number in (0, 1, 2):
        with world.refused("NotLastClosed", lastClosed=0):
            miss(world, number, 3)
    world.pass_deadline()
    world.send(world.stranger, world.fl.close_submissions(1))
    world.open()
    for number in (2, 3):
        with world.refused("NotLastClosed", lastClosed=1):
            miss(world, number, 3)
    assert miss(world, 1, 3) == 1
    world.pass_deadline()
    world.send(world.stranger, world.fl.close_submissions(2))
    with world.refused("NotLastClosed", lastClosed=2):
        miss(world, 1, 4)


def test_a_client_that_was_not_selected_did_not_miss(world: World) -> None:
    world.operate(world.fl.suspend_client(4))
    world.abort()
    world.operate(world.fl.reinstate_client(4))
    with world.refused("NotMissed", index=4):
        miss(world, 1, 4)


def test_a_submission_in_between_starts_the_count_again(world: World) -> None:
    world.play(result(1), submitters=(0, 1, 2))
    assert miss(world, 1, 4) == 1
    world.play(result(2), submitters=(0, 1, 4))
    world.play(result(3), submitters=(0, 1, 2))
    assert miss(world, 3, 4) == 1
    assert world.fl.client_of(4).status == ClientStatus.ACTIVE


def test_a_submission_after_the_missed_round_does_not_undo_the_count(world: World) -> None:
    """Whoever is quick in the next round is not spared the miss of the round before."""
    world.replan(max_missed=3)
    world.play(result(1), submitters=(0, 1, 2))
    assert miss(world, 1, 4) == 1
    world.play(result(2), submitters=(0, 1, 2))
    world.open()
    world.submit(4)
    assert miss(world, 2, 4) == 2


def test_a_miss_that_nobody_recorded_is_forgiven(world: World) -> None:
    world.play(result(1), submitters=(0, 1, 2))
    world.play(result(2), submitters=(0, 1, 2))
    assert miss(world, 2, 4) == 1


def test_a_miss_that_nobody_recorded_does_not_break_the_row(world: World) -> None:
    world.replan(max_missed=3)
    world.play(result(1), submitters=(0, 1, 2))
    assert miss(world, 1, 4) == 1
    world.play(result(2), submitters=(0, 1, 2))
    world.play(result(3), submitters=(0, 1, 2))
    assert miss(world, 3, 4) == 2


def test_zero_never_suspends(world: World) -> None:
    world.replan(max_missed=0)
    for number in range(1, 6):
        world.play(result(number), submitters=(0, 1, 2))
        assert miss(world, number, 4) == number
    assert world.fl.client_of(4).status == ClientStatus.ACTIVE


def test_the_limit_is_that_of_the_missed_rounds_plan(world: World) -> None:
    world.play(result(1), submitters=(0, 1, 2))
    world.replan(max_missed=1)
    assert miss(world, 1, 4) == 1
    assert world.fl.client_of(4).status == ClientStatus.ACTIVE
    world.play(result(2), submitters=(0, 1, 2))
    assert miss(world, 2, 3) == 1
    assert world.fl.client_of(3).status == ClientStatus.SUSPENDED


def test_a_lowered_limit_catches_whoever_is_already_over_it(world: World) -> None:
    world.replan(max_missed=5)
    for number in (1, 2):
        world.play(result(number), submitters=(0, 1, 2))
        assert miss(world, number, 4) == number
    world.replan(max_missed=1)
    world.play(result(3), submitters=(0, 1, 2))
    assert miss(world, 3, 4) == 3
    assert world.fl.client_of(4).status == ClientStatus.SUSPENDED


def test_reinstating_forgets_the_count(world: World) -> None:
    for number in (1, 2):
        world.play(result(number), submitters=(0, 1, 2))
        miss(world, number, 4)
    world.operate(world.fl.reinstate_client(4))
    assert world.fl.client_of(4).misses == 0
    with world.refused("MissAlreadyRecorded"):
        miss(world, 2, 4)
    world.play(result(3), submitters=(0, 1, 2))
    assert miss(world, 3, 4) == 1


def test_an_aborted_round_can_be_missed_too(world: World) -> None:
    world.abort()
    assert miss(world, 1, 0) == 1


def test_a_suspension_for_a_miss_frees_the_next_round_from_waiting(world: World) -> None:
    world.replan(max_missed=1)
    world.play(result(1), submitters=(0, 1, 2))
    world.open()
    world.submit(0, 1, 2, 3)
    sent = world.send(world.stranger, world.fl.record_miss(1, 4))
    assert sent.names() == ["MissRecorded", "ClientSuspended", "ReportingStarted"]


@pytest.mark.parametrize("how", ["suspend", "ban", "leave"])
def test_only_active_clients_collect_misses(world: World, how: str) -> None:
    world.abort()
    status = {"suspend": ClientStatus.SUSPENDED, "ban": ClientStatus.BANNED, "leave": ClientStatus.LEFT}[how]
    if how == "leave":
        world.send(world.clients[4], world.fl.leave())
    else:
        world.operate(world.fl.suspend_client(4) if how == "suspend" else world.fl.ban_client(4))
    with world.refused("WrongStatus", status=status):
        miss(world, 1, 4)


def test_withholding_an_update_is_a_miss_when_the_verdict_proves_it(world: World) -> None:
    tree = leaves(1, {2: 1, 3: 4})
    world.play(result(1), verdicts=merkle.root(tree))
    assert world.fl.round_of(1).verdicts_root == merkle.root(tree)
    assert withheld(world, 1, 2, tree) == 1
    with world.refused("MissAlreadyRecorded"):
        withheld(world, 1, 2, tree)


def test_no_other_verdict_is_a_miss(world: World) -> None:
    tree = leaves(1, {2: 1, 3: 4})
    world.play(result(1), verdicts=merkle.root(tree))
    fl, proof = world.fl, merkle.proof(tree, 2)
    forged = [
        fl.record_miss(1, 3, digest(3), WEIGHTS[3], merkle.proof(tree, 3)),  # MALFORMED is no miss
        fl.record_miss(1, 0, digest(0), WEIGHTS[0], merkle.proof(tree, 0)),  # OK
        fl.record_miss(1, 0, digest(2), WEIGHTS[2], proof),  # somebody else's verdict
        fl.record_miss(1, 2, digest(1), WEIGHTS[2], proof),
        fl.record_miss(1, 2, digest(2), WEIGHTS[2] + 1, proof),
        fl.record_miss(1, 2, digest(2), WEIGHTS[2], proof[:-1]),
        fl.record_miss(1, 2, digest(2), WEIGHTS[2], [*proof, bytes(32)]),
        fl.record_miss(1, 2, digest(2), WEIGHTS[2], []),
        fl.record_miss(1, 2),
    ]
    for call in forged:
        with world.refused("NotMissed"):
            world.send(world.stranger, call)


def test_the_verdict_of_another_round_proves_nothing(world: World) -> None:
    tree = leaves(1, {2: 1})
    world.play(result(1), verdicts=merkle.root(tree))
    world.play(result(2), verdicts=merkle.root(tree))
    with world.refused("NotMissed"):
        withheld(world, 2, 2, tree)


def test_without_verdicts_a_submitter_did_not_miss(world: World) -> None:
    world.open()
    world.submit(0, 1)
    world.pass_deadline()
    world.send(world.stranger, world.fl.close_submissions(1))
    with world.refused("NotMissed"):
        world.send(world.stranger, world.fl.record_miss(1, 0, digest(0), WEIGHTS[0], []))


def test_withholding_every_round_adds_up_however_fast_the_next_submission_is(world: World) -> None:
    for number in (1, 2):
        tree = leaves(number, {2: 1})
        world.play(result(number), verdicts=merkle.root(tree))
        world.open() if number == 2 else None
        if number == 2:
            world.submit(2)
        assert withheld(world, number, 2, tree) == number
    assert world.fl.client_of(2).status == ClientStatus.SUSPENDED


def test_silence_and_withholding_add_up(world: World) -> None:
    world.play(result(1), submitters=(0, 1, 3))
    assert miss(world, 1, 2) == 1
    tree = leaves(2, {2: 1})
    world.play(result(2), verdicts=merkle.root(tree))
    assert withheld(world, 2, 2, tree) == 2


def test_the_root_of_too_few_valid_updates_proves_withholding(world: World) -> None:
    tree = leaves(1, dict.fromkeys(range(5), 1))
    world.open()
    world.submit()
    world.report(available=0)
    world.attest(result=bytes(32), verdicts=merkle.root(tree))
    world.finalise(bytes(32), merkle.root(tree))
    assert withheld(world, 1, 4, tree) == 1
