from __future__ import annotations

from dltui.chain.backoff import FIRST, LONGEST, Backoff


def test_pauses_grow_to_the_longest_and_begin_again() -> None:
    backoff = Backoff()
    pauses = [backoff.failed() for _ in range(200)]
    assert all(pause <= min(FIRST * 2**n, LONGEST) <= 2 * pause for n, pause in enumerate(pauses[:30]))
    assert min(pauses[10:]) >= LONGEST / 2 and max(pauses) <= LONGEST
    backoff.succeeded()
    assert FIRST / 2 <= backoff.failed() <= FIRST


def test_two_clients_do_not_return_at_the_same_moment() -> None:
    one, two = Backoff(), Backoff()
    assert [one.failed() for _ in range(8)] != [two.failed() for _ in range(8)]
