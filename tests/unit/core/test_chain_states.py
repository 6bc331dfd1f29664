"""The contracts' numbers and people's words for one state."""

from __future__ import annotations

import json

import pytest

from dltui.core.chain_states import AbortReason, ChainState, ClientStatus, RoundState, SuspendReason, VersionState


@pytest.mark.parametrize("kind", [RoundState, ClientStatus, VersionState])
def test_a_state_is_its_number_and_its_word(kind: type[ChainState]) -> None:
    for state in kind:
        assert kind(state.value) is state and state == state.value and hash(state) == hash(state.value)
        assert f"{state}|{state:>12}" == f"{state.value}|{state.value:>12}" and json.dumps(state) == f'"{state.value}"'
        assert state.number < 0 or kind(state.number) is state
    numbers = [state.number for state in kind if state.number >= 0]
    assert numbers == list(range(len(numbers)))


@pytest.mark.parametrize("wrong", [-1, 99, "gone", None])
def test_what_is_no_state_is_refused(wrong: object) -> None:
    for kind in (RoundState, ClientStatus, VersionState):
        with pytest.raises(ValueError, match=repr(wrong)):
            kind(wrong)


def test_a_refused_application_has_no_number_on_chain() -> None:
    assert ClientStatus.REJECTED.number == -1
    assert [state for state in RoundState if state.in_flight] == ["open", "reporting", "attesting"]


def test_reasons_are_told_in_words_also_those_of_a_newer_contract() -> None:
    assert AbortReason.say(4) == "its base version was rejected" and AbortReason.say(5) == "reason 5"
    assert SuspendReason.say(0) == "by the operator" and SuspendReason.MISSED == 1
