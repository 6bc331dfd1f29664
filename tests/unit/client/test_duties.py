"""The duties of one client, at a seat whose chain, model and store are stand-ins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dltui.aggregation.blobs.verdicts import Reason, Verdict
from dltui.aggregation.errors import Unavailable
from dltui.aggregation.round import RoundResult
from dltui.client.context import ClientContext
from dltui.client.duties import committee, trainer
from dltui.client.duties.committee import CommitteeDuty
from dltui.client.duties.trainer import TrainingDuty
from dltui.client.spec import ClientSpec
from dltui.core.chain_states import RoundState
from dltui.core.client_set import ClientSet
from dltui.core.ledger import RoundFacts, Submission
from dltui.errors import BlobError, DltuiError
from dltui.store import Store, digest_of

ME, PLAN = 1, "ab" * 32
LATER, EARLIER = 2**40, 1


class Learner:
    """Trains to fixed bytes, or fails."""

    rank = 0

    def __init__(self, error: DltuiError | None = None) -> None:
        self.error, self.trained = error, 0

    def train(self, number: int, index: int, base: str, going_on: Callable[[], None]) -> bytes:
        going_on()
        self.trained += 1
        if self.error is not None:
            raise self.error
        return b"update"


class Telemetry:
    """Keeps what is said of troubles."""

    def __init__(self) -> None:
        self.troubles: list[tuple[int, str, str]] = []

    def trouble(self, *words: Any) -> None:
        self.troubles.append(words)

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


class Contract:
    """Its calls are their own names with their arguments; its round is being attested."""

    def round_of(self, number: int) -> Any:
        return SimpleNamespace(state=RoundState.ATTESTING, attempt=0)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *args: (name, *args)


def context(learner: Learner, store: Any = None) -> tuple[ClientContext, list[Any]]:
    sent: list[Any] = []
    made = SimpleNamespace(
        index=ME,
        learner=learner,
        telemetry=Telemetry(),
        contract=Contract(),
        store=store,
        enforced=lambda facts: {"reportWindow": 10},
        agrees=lambda facts: True,
        send=lambda call, facts: sent.append(call) or True,
    )
    return cast(ClientContext, made), sent


def open_round(deadline: int = LATER) -> RoundFacts:
    return RoundFacts(3, 0, "cd" * 32, PLAN, ClientSet(0b11), ClientSet(0b11), b"", deadline, 0)


def spec(**fields: Any) -> ClientSpec:
    return cast(ClientSpec, SimpleNamespace(gate="", slots=0, part=0, **fields))


def test_a_client_trains_once_and_submits_the_digest() -> None:
    learner = Learner()
    taken, sent = context(learner)
    facts = open_round()
    duty = TrainingDuty(taken, spec(), facts)
    assert duty.step(facts)
    assert sent == [("submit", 3, bytes.fromhex(digest_of(b"update")), 0, 0)]
    assert duty.step(facts), "its transaction was lost: it is sent again"
    assert learner.trained == 1 and sent == 2 * sent[:1]


def test_the_log_of_a_client_tells_what_it_did_and_why(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "dltui.client")
    store = Store(str(tmp_path))
    taken, _ = context(Learner(), store)
    facts = open_round()
    duty = TrainingDuty(taken, spec(), facts)
    duty.step(facts)
    facts.state, facts.deadline = RoundState.REPORTING, EARLIER
    facts.submissions[ME] = Submission(ME, digest_of(b"update"), 5)
    facts.submissions[0] = Submission(0, digest_of(b"withheld"), 5)
    duty.step(facts)
    CommitteeDuty(taken, facts).step(facts)
    assert [record.getMessage() for record in caplog.records] == [
        "round 3: selected, waits for a turn to train from cdcdcdcdcdcd",
        "round 3: trained in 0.0 s",
        "round 3: submissions are closed, its update is published",
        "round 3: on the committee, reports 1 updates, 1 could not be fetched in half of the window",
    ]


@pytest.mark.parametrize("error", [DltuiError("not finite", hint="lower it"), BlobError("base is missing")])
def test_a_client_whose_training_fails_says_why_and_goes_on_with_its_other_duties(error: DltuiError) -> None:
    learner = Learner(error)
    taken, sent = context(learner)
    facts = open_round()
    duty = TrainingDuty(taken, spec(), facts)
    assert not duty.step(facts) and not duty.step(facts)
    assert learner.trained == 1 and sent == []
    assert cast(Any, taken.telemetry).troubles == [(3, error.message, error.hint)]


def test_nobody_trains_for_a_deadline_that_is_past() -> None:
    learner = Learner()
    taken, _ = context(learner)
    facts = open_round(EARLIER)
    assert not TrainingDuty(taken, spec(), facts).step(facts)
    assert learner.trained == 0


def test_a_member_reports_what_it_has_fetched_and_checked_and_keeps_digests_only(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    got: list[str] = []

    class Served:
        """The store of all, which is read once an update."""

        def get(self, digest: str, limit: int) -> bytes:
            got.append(digest)
            return store.get(digest, limit)

    digests = [store.put(blob) for blob in (b"one", b"two", b"forged")]
    Path(store.path(digests[2])).write_bytes(b"forgee")
    taken, sent = context(Learner(), Served())
    facts = open_round(EARLIER)
    facts.state = RoundState.REPORTING
    for index, digest in enumerate([*digests, digest_of(b"withheld")]):
        facts.submissions[index] = Submission(index, digest, 5)
    duty = CommitteeDuty(taken, facts)
    assert duty.step(facts)
    assert sent == [("report", 3, 0, 0b0011, b"")]
    assert sorted(got) == sorted([*digests, digest_of(b"withheld")])
    assert not any(isinstance(value, (bytes, dict)) and value for value in vars(duty).values())


class Refusing:
    """A store that refuses what it is offered until `full` is False; `offered` counts."""

    def __init__(self, folder: Path) -> None:
        self._store = Store(str(folder))
        self.full, self.offered = True, 0

    def put(self, blob: bytes) -> str:
        self.offered += 1
        if self.full:
            raise BlobError("cannot store the blob: No space left on device", hint="make room")
        return self._store.put(blob)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class Clock:
    """Unix seconds that a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_700_000_000.0
        for module in (trainer, committee):
            monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: self.now, monotonic=lambda: self.now))

    def pass_seconds(self, seconds: int, step: Callable[[], object]) -> None:
        """Call `step` 20 times a second for so long."""
        for _ in range(20 * seconds):
            step()
            self.now += 0.05


def test_a_refused_update_is_a_warning_and_is_offered_again_ever_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, store = Clock(monkeypatch), Refusing(tmp_path)
    taken, _ = context(Learner(), store)
    facts = open_round()
    duty = TrainingDuty(taken, spec(), facts)
    duty.step(facts)
    digest = digest_of(b"update")
    facts.state, facts.submissions[ME] = RoundState.REPORTING, Submission(ME, digest, 5)
    clock.pass_seconds(60, lambda: duty.step(facts))
    assert 12 <= store.offered <= 30, "twenty times a second would be 1200"
    assert clock.now - 0.05 <= duty.due_at() <= clock.now + 5
    assert cast(Any, taken.telemetry).troubles == [(3, "cannot store the blob: No space left on device", "make room")]
    store.full = False
    clock.now += 5
    assert not duty.step(facts), "no transaction was sent"
    offered = store.offered
    assert store.get(digest) == b"update" and duty.due_at() == float("inf")
    assert not duty.step(facts) and store.offered == offered


def test_a_member_whose_result_is_refused_finalises_when_it_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, store = Clock(monkeypatch), Refusing(tmp_path)
    taken, sent = context(Learner(), store)
    facts = open_round()
    facts.state = RoundState.ATTESTING
    facts.reports[ME], facts.attested[ME] = ClientSet(1), 0
    duty = CommitteeDuty(taken, facts)
    duty._result = RoundResult(b"model", b"manifest", "ab" * 32, b"verdicts", ())
    clock.pass_seconds(60, lambda: duty.step(facts))
    assert sent == [] and 12 <= store.offered <= 30
    assert clock.now - 0.05 <= duty.due_at(facts) <= clock.now + 5
    store.full = False
    clock.now += 5
    duty.step(facts)
    assert store.get(digest_of(b"manifest")) == b"manifest"
    assert sent == [("finalise", 3, bytes.fromhex("ab" * 32), b"")]


RESULT = RoundResult(None, b"manifest", "ab" * 32, b"verdicts", (Verdict(0, "cd" * 32, True, Reason.OK, 5),))


def attesting() -> RoundFacts:
    facts = open_round()
    facts.state, facts.reports = RoundState.ATTESTING, {0: ClientSet(1), ME: ClientSet(1)}
    return facts


def member(
    store: Any, monkeypatch: pytest.MonkeyPatch, result: RoundResult | Exception
) -> tuple[ClientContext, list[Any], CommitteeDuty]:
    """A committee member at whose seat every round comes to `result`, or fails with it."""

    def result_of(*_: Any) -> RoundResult:
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(committee, "result_of", result_of)
    learner = Learner()
    vars(learner).update(plan=None, base=lambda digest: {}, accuracy_bp=lambda tensors: 9_000)
    taken, sent = context(learner, store)
    vars(taken)["seal"] = lambda facts, digest, root: b"seal of " + digest.encode()
    vars(taken)["ledger"] = None
    return taken, sent, CommitteeDuty(taken, attesting())


def test_a_member_attests_the_result_that_it_computed_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _, sent, duty = member(Store(str(tmp_path)), monkeypatch, RESULT)
    facts = attesting()
    assert duty.step(facts) and duty.step(facts)
    assert sent == 2 * [("attest", 3, 0, b"seal of " + b"ab" * 32, 0)], "a result without a model has no accuracy"


def test_a_member_that_reported_nothing_attests_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _, sent, duty = member(Store(str(tmp_path)), monkeypatch, RESULT)
    facts = attesting()
    del facts.reports[ME]
    assert not duty.step(facts) and sent == []


@pytest.mark.parametrize("error", [Unavailable("a candidate's blob cannot be fetched"), BlobError("base is missing")])
def test_a_member_that_cannot_compute_says_why_and_attests_nothing(
    error: DltuiError, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, sent, duty = member(Store(str(tmp_path)), monkeypatch, error)
    assert not duty.step(attesting()) and sent == []
    assert error.message in caplog.text


def test_no_result_is_published_before_every_seal_is_in_or_the_deadline_is_past(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clock, store = Clock(monkeypatch), Store(str(tmp_path))
    _, sent, duty = member(store, monkeypatch, RESULT)
    facts = attesting()
    facts.attested[ME] = 0
    facts.deadline = int(clock.now) + 10
    clock.pass_seconds(10, lambda: duty.step(facts))
    assert sent == [] and list(store.digests()) == [], "a neighbour could copy it"
    facts.attested[0] = 0
    clock.pass_seconds(2, lambda: duty.step(facts))
    assert store.has(digest_of(b"manifest")) and store.has(digest_of(b"verdicts"))
    assert sent[0] == ("finalise", 3, bytes.fromhex("ab" * 32), duty._root)


def test_members_finalise_one_after_the_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clock = Clock(monkeypatch)
    _, sent, duty = member(Store(str(tmp_path)), monkeypatch, RESULT)
    facts = attesting()
    duty.step(facts)
    sent.clear()
    facts.attested = {0: 0, ME: 0}
    began = clock.now
    while not duty.step(facts):
        clock.now += 0.05
    assert clock.now - began == pytest.approx(committee.FINALISE_SPACING, abs=0.06), "the first of them goes at once"


def test_a_duty_is_due_when_something_is_missing_or_its_turn_has_come() -> None:
    taken, _ = context(Learner())
    facts = open_round()
    duty = CommitteeDuty(taken, facts)
    assert duty.due_at(facts) == float("inf")
    facts.state = RoundState.REPORTING
    assert duty.due_at(facts) == 0.0, "blobs are looked for until they are there"
    facts.reports[ME] = ClientSet(1)
    assert duty.due_at(facts) == float("inf")
