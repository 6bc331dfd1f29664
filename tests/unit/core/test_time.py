"""The account of a round's time in words: phases that add up, what training was made of, and who was waited for."""

from __future__ import annotations

import pytest

from dltui.core.events import ModelDescribed
from dltui.core.state.entities import Client, Round
from dltui.core.state.state import State
from dltui.core.views.time import account, idle, spent, training, wave
from dltui.core.views.wait import waiting

PARTS = {"total": 12.0, "training": 2.5, "chain": 0.25, "waiting": 0.5, "queue": 9.0}
PHASES = {"open": 11.0, "reporting": 0.5, "attesting": 0.25, "closing": 0.25}


def state(slots: int = 2) -> State:
    made = State(run="ab", target=5, status="running")
    made.chain.state, made.chain.contracts = "ready", {"FLContract": "0x"}
    made.model = ModelDescribed(model="mlp", parameters=1, bytes=1, device="cpu", round_seconds=1.0, slots=slots)
    return made


def closed(**fields: object) -> Round:
    return Round(number=1, base=0, state="finalised", timing=dict(PARTS), **fields)  # type: ignore[arg-type]


def test_phases_add_up_to_the_round_and_queueing_is_not_idleness() -> None:
    shown = closed(phases=PHASES, trained=20, awaited=("client-3",))
    assert sum(seconds for _, seconds in spent(shown)) == PARTS["total"]
    assert training(state(), shown) == "20 trained, 2 at a time, 10 waves, slowest 2.5 s, queue 9.0 s"
    assert idle(shown) == "idle 0.5 s, waiting for client-3"
    assert account(state(), shown) == (
        "train 11 s, report 0.5 s, attest 0.2 s, close 0.2 s; "
        "20 trained, 2 at a time, 10 waves, slowest 2.5 s, queue 9.0 s; idle 0.5 s, waiting for client-3"
    )


def test_a_round_of_an_earlier_edition_has_its_parts_and_nothing_is_made_up() -> None:
    shown = closed()
    assert dict(spent(shown)) == {name: seconds for name, seconds in PARTS.items() if name != "total"}
    assert training(state(), shown) == idle(shown) == ""


def test_names_that_take_too_much_room_are_counted() -> None:
    shown = closed(phases=PHASES, trained=2, awaited=("client-1", "client-2", "client-3"))
    assert idle(shown, 2) == "idle 0.5 s, waiting for client-1, client-2 and 1 more"
    assert idle(shown, 1) == "idle 0.5 s, waiting for client-1 and 2 more"


def test_a_moment_without_work_is_not_worth_a_word() -> None:
    shown = closed(phases=PHASES, trained=1)
    shown.timing["waiting"] = 0.01
    assert idle(shown) == ""
    assert training(state(slots=0), shown) == "1 trained, slowest 2.5 s, queue 9.0 s"


@pytest.mark.parametrize(
    ("slots", "clients", "submitted", "text"),
    [
        (2, 5, 0, "wave 1 of 3, 2 at a time"),
        (2, 5, 3, "wave 2 of 3, 2 at a time"),
        (2, 5, 5, "wave 3 of 3, 2 at a time"),
        (2, 2, 0, ""),
        (0, 5, 0, ""),
    ],
)
def test_the_wait_says_which_wave_of_trainings_it_is(slots: int, clients: int, submitted: int, text: str) -> None:
    names = tuple(f"client-{n}" for n in range(clients))
    shown = Round(number=1, base=0, selected=names, submitted=dict.fromkeys(names[:submitted], ""), deadline=100)
    made = state(slots)
    made.rounds[1] = shown
    assert wave(made, shown) == text
    wait = waiting(made, 90.0)
    assert wait is not None and (submitted == clients or wait.how == text)
    if text and submitted < clients:
        assert f", {text}, 10 s left, then " in wait.text


def test_a_wait_for_the_dead_is_no_wave_of_trainings() -> None:
    names = tuple(f"client-{n}" for n in range(5))
    shown = Round(number=1, base=0, selected=names, submitted=dict.fromkeys(names[:3], ""), deadline=100)
    made = state()
    made.rounds[1] = shown
    made.clients = {id: Client(id, process="ready") for id in names}
    made.clients["client-3"].process = "stopped"
    assert wave(made, shown) == "wave 2 of 3, 2 at a time"
    made.clients["client-4"].process = "exited"
    assert wave(made, shown) == ""
