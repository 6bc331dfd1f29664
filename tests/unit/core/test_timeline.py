"""Looking back and holding still: copies that no later event changes."""

from __future__ import annotations

from dltui.core.chain_states import RoundState
from dltui.core.events import Event, RoundTimed
from dltui.core.snapshots import EVENTS, KEPT, Frames, still
from dltui.core.state.state import State
from dltui.core.summary import summarise
from dltui.core.timeline import Picture
from tests.kits.story import told


def events() -> list[Event]:
    return list(told().events)


def followed(until: int) -> tuple[State, Picture]:
    state, picture = State(), Picture()
    for event in events()[:until]:
        picture.note(state, event)
        state.apply(event)
    return state, picture


def fold(count: int) -> State:
    state = State()
    for event in events()[:count]:
        state.apply(event)
    return state


def test_a_copy_is_what_the_state_was_at_every_event() -> None:
    state = State()
    copies = []
    for event in events():
        state.apply(event)
        copies.append(still(state))
    for count, copy in enumerate(copies, start=1):
        if count % 17 == 0 or count == len(copies):
            assert copy == fold(count)
            assert summarise(copy, "") == summarise(fold(count), "")


def test_the_end_of_a_round_is_the_fold_up_to_the_next_opening() -> None:
    opening = [at for at, event in enumerate(events()) if event.kind == "round.opened"]
    state, picture = followed(len(events()))
    assert picture.back(state) and picture.past == 2
    shown = picture.shown(state)
    assert shown.clients == fold(opening[2]).clients and shown.versions == fold(opening[2]).versions
    assert shown.chain == fold(opening[2]).chain and max(shown.rounds) == 2
    assert picture.back(state) and picture.past == 1
    assert picture.back(state) and picture.past == 0
    assert picture.shown(state).rounds == {} and not picture.back(state)
    assert picture.forward(state) and picture.past == 1
    picture.present()
    assert picture.live and picture.shown(state) is state and not picture.forward(state)


def test_forward_from_the_last_kept_round_is_the_present() -> None:
    state, picture = followed(len(events()))
    picture.back(state)
    assert picture.forward(state) and picture.live


def test_a_round_that_is_looked_back_on_has_its_times_although_they_came_later() -> None:
    state, picture = followed(len(events()))
    picture.back(state)
    late = Event(
        state.last_seq + 1,
        events()[-1].ts,
        RoundTimed(round=2, total=2.0, training=1.0, chain=0.0, store=0.0, aggregation=0.0, attestation=0.0, waiting=1),
    )
    picture.note(state, late)
    state.apply(late)
    assert picture.shown(state).rounds[2].timing["total"] == 2.0


def test_the_moment_has_a_name() -> None:
    state, picture = followed(len(events()))
    assert picture.says == ""
    picture.freeze(state)
    assert picture.says == "the frozen picture" and not picture.elsewhere
    picture.present()
    picture.back(state)
    assert picture.says == "round 2" and picture.elsewhere
    picture.back(state)
    picture.back(state)
    assert picture.says == "the set-up"
    picture.moment = state
    assert picture.says == "an earlier beat"


def test_a_held_picture_counts_what_it_misses() -> None:
    state, picture = followed(100)
    picture.freeze(state)
    held, at = picture.shown(state), picture.now(1.0)
    for event in events()[100:140]:
        picture.note(state, event)
        state.apply(event)
    assert picture.frozen and picture.missed(state) == 40
    assert picture.shown(state) is held and held == fold(100) and at > 1.0
    picture.freeze(state)
    assert picture.live and picture.missed(state) is None and picture.now(1.0) == 1.0


def test_rounds_that_are_kept_are_bounded() -> None:
    frames, state = Frames(), State()
    opening = next(event for event in events() if event.kind == "round.opened")
    for number in range(3 * KEPT):
        event = Event(number + 1, opening.ts, type(opening.data)(**_changed(opening, number + 1)))
        frames.note(state, event)
        state.apply(event)
        state.rounds[number + 1].state = RoundState.FINALISED
        state.events.extend([event] * (EVENTS + 5))
    assert frames.before(10**6) == 3 * KEPT - 1
    assert frames.before(2 * KEPT) is None and frames.after(0) == 2 * KEPT
    assert len(frames.at(3 * KEPT - 1).events) == EVENTS


def _changed(event: Event, number: int) -> dict[str, object]:
    fields = {name: getattr(event.data, name) for name in event.data.__struct_fields__}
    return {**fields, "round": number}
