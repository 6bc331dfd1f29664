from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dltui.chain.nodes.genesis import own_chain_id

FEDERATION = st.binary(min_size=32, max_size=32)


@given(FEDERATION, st.integers(1, 2**53 - 1))
def test_what_is_configured_wins(federation: bytes, configured: int) -> None:
    assert own_chain_id(configured, "", federation) == own_chain_id(configured, "op.json", federation) == configured


@given(FEDERATION, FEDERATION)
def test_only_a_keystore_has_a_chain_id_of_its_federation(one: bytes, two: bytes) -> None:
    assert own_chain_id(0, "", one) == own_chain_id(0, "", two) == 31_337
    ours, theirs = own_chain_id(0, "op.json", one), own_chain_id(0, "op.json", two)
    assert (ours == theirs) == (one[:4] == two[:4]) and 2**32 <= ours < 2**33


def test_the_id_is_the_federations_first_four_bytes() -> None:
    assert own_chain_id(0, "op.json", bytes.fromhex("deadbeef") + bytes(28)) == 0x1_DEAD_BEEF
