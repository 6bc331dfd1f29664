"""The result of a round: exact, the same in any order, anywhere; and the ways in which there is none."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dltui.aggregation import fixed, rules
from dltui.aggregation import round as round_module
from dltui.aggregation.blobs import blob
from dltui.aggregation.blobs.canonical import ZERO_DIGEST, digest_of
from dltui.aggregation.blobs.manifest import decode_manifest
from dltui.aggregation.blobs.model import decode_model, encode_model
from dltui.aggregation.blobs.update import decode_update
from dltui.aggregation.blobs.verdicts import Reason, decode_verdicts
from dltui.aggregation.errors import Malformed, Overflow, Unavailable
from dltui.aggregation.partial import Partial, decode_partial
from dltui.aggregation.round import RoundResult, Submission, compute
from dltui.errors import BlobError, ConfigError, DltuiError
from tests.kits.aggregation_samples import BASE_DIGEST, base_model, changes, inputs, update

EIGHT = [update(i) for i in range(8)]


def test_the_mean_is_exact() -> None:
    result = compute(inputs(EIGHT))
    weights = [10 * (i + 1) for i in range(8)]
    model = decode_model(result.model or b"")
    for name in ("param.w", "param.b", "buffer.mean"):
        base = base_model()[name]
        parts = [fixed.quantise(changes(i + 1)[name]) for i in range(8)]
        for index in np.ndindex(base.shape):
            total = sum(w * int(q[index]) for w, q in zip(weights, parts, strict=True))
            mean = round(Fraction(total, sum(weights)))
            assert model[name][index] == np.float32(float(base[index]) + mean * 2.0**-24)
    assert model["buffer.count"] == 45


def test_everything_hangs_on_one_digest() -> None:
    result = compute(inputs(EIGHT))
    manifest = decode_manifest(result.manifest or b"")
    assert result.digest == digest_of(result.manifest or b"")
    assert manifest.model == digest_of(result.model or b"")
    assert manifest.verdicts == digest_of(result.verdict_blob)
    assert (manifest.parent, manifest.round, manifest.rule) == (BASE_DIGEST, 7, "fedavg")
    assert decode_verdicts(result.verdict_blob) == (7, result.verdicts)
    assert [v.weight for v in result.verdicts] == [10, 20, 30, 40, 50, 60, 70, 80]


@settings(max_examples=60)
@given(st.permutations(range(8)))
def test_the_order_of_submissions_does_not_matter(order: list[int]) -> None:
    made = inputs(EIGHT)
    assert compute(replace(made, submissions=[made.submissions[i] for i in order])) == compute(made)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 4), min_size=8, max_size=8), st.permutations(range(5)))
def test_any_split_into_partial_sums_gives_the_same_model(shard_of: list[int], merge_order: list[int]) -> None:
    shards = [Partial.empty(base_model()) for _ in range(5)]
    for client, shard in enumerate(shard_of):
        made = decode_update(EIGHT[client])
        shards[shard].add(made.deltas, made.counters, 10 * (client + 1))
    total = Partial.empty(base_model())
    for shard in merge_order:
        sent = shards[shard].encode(round=7, base=BASE_DIGEST, plan="22" * 32, scale_bits=24)
        total.merge(decode_partial(sent)[0])
    model = {n: fixed.apply(base_model()[n], q) for n, q in total.average().items()} | total.counters
    assert encode_model(model) == compute(inputs(EIGHT)).model


@settings(max_examples=40)
@given(st.sets(st.integers(0, 7)), st.lists(st.integers(0, 2**32 - 1), min_size=8, max_size=8))
def test_a_round_is_that_of_its_valid_updates(held: set[int], weights: list[int]) -> None:
    result = compute(inputs(EIGHT, weights, candidates=frozenset(held)))
    assert [v.reason for v in result.verdicts] == [Reason.OK if i in held else Reason.WITHHELD for i in range(8)]
    capped = [min(w, 1_000_000) if i in held else 0 for i, w in enumerate(weights)]
    assert [v.weight for v in result.verdicts] == capped
    if sum(capped) == 0:
        assert result.model is None
        return
    alone = inputs(EIGHT, weights)
    alone = replace(alone, submissions=[s for s in alone.submissions if s.client in held])
    assert compute(alone).model == result.model


_SCRIPT = """
import sys
from tests.kits.aggregation_samples import inputs, update
from dltui.aggregation.round import compute
result = compute(inputs([update(i) for i in range(8)]))
print(result.digest, "torch" in sys.modules, "web3" in sys.modules)
"""


def test_ten_fresh_interpreters_agree_and_load_neither_torch_nor_web3() -> None:
    expected = f"{compute(inputs(EIGHT)).digest} False False"
    command = [sys.executable, "-c", _SCRIPT]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": ".", "PYTHONHASHSEED": str(n)})
        for n in range(10)
    ]
    assert [process.communicate(timeout=60)[0].strip() for process in running] == [expected] * 10


def test_the_digest_of_this_round_never_changes() -> None:
    base = {"param.w": np.arange(12, dtype=np.float32).reshape(3, 4) / 8, "buffer.count": np.array(4)}
    steps = [{"param.w": base["param.w"] * (i - 3) / 64, "buffer.count": np.array(4 + i)} for i in range(8)]
    result = compute(inputs([update(i, values) for i, values in enumerate(steps)], base=base))
    assert result.digest == "0660d44217f0b0f411e7d28aac8a6d0023fa4346b9ccb1dff6f216544cdf137c"


def test_weights_are_capped_by_the_plan() -> None:
    result = compute(inputs(EIGHT, [5, 2**32 - 1, 1, 1, 1, 1, 1, 0], max_weight=3))
    assert [v.weight for v in result.verdicts] == [3, 3, 1, 1, 1, 1, 1, 0]
    assert result == compute(inputs(EIGHT, [3, 3, 1, 1, 1, 1, 1, 0], max_weight=3))


def no_result(result: RoundResult) -> bool:
    return (result.model, result.manifest, result.digest) == (None, None, ZERO_DIGEST)


def test_too_few_valid_updates_give_zero() -> None:
    one_bad = inputs([*EIGHT[:3], b"garbage"])
    assert not no_result(compute(replace(one_bad, min_valid=3)))
    short = compute(replace(one_bad, min_valid=4))
    assert no_result(short)
    assert [v.reason for v in short.verdicts] == [Reason.OK, Reason.OK, Reason.OK, Reason.MALFORMED]
    assert decode_verdicts(short.verdict_blob) == (7, short.verdicts)
    assert no_result(compute(inputs([])))


def test_no_weight_at_all_gives_zero() -> None:
    assert no_result(compute(inputs(EIGHT[:2], [0, 0])))


def test_who_copies_a_digest_gains_nothing_and_takes_nothing() -> None:
    copied = compute(inputs([EIGHT[0], EIGHT[0], EIGHT[2]]))
    assert [v.reason for v in copied.verdicts] == [Reason.OK, Reason.WRONG_OWNER, Reason.OK]
    first = compute(inputs([EIGHT[1], EIGHT[1], EIGHT[2]]))
    assert [v.reason for v in first.verdicts] == [Reason.WRONG_OWNER, Reason.OK, Reason.OK]


@pytest.mark.parametrize("error", [BlobError("gone"), FileNotFoundError(), KeyError("gone"), TimeoutError()])
def test_a_candidate_that_cannot_be_fetched(error: Exception) -> None:
    made = inputs(EIGHT[:3])

    def fetch(digest: str) -> bytes:
        if digest == made.submissions[1].digest:
            raise error
        return made.fetch(digest)

    with pytest.raises(Unavailable) as caught:
        compute(replace(made, fetch=fetch))
    assert caught.value.where == made.submissions[1].digest
    held = replace(made, fetch=fetch, candidates=frozenset({0, 2}))
    assert compute(held).verdicts[1].reason is Reason.WITHHELD


def twice(updates: rules.Updates, *known: Any) -> rules.Combined | None:
    """A rule that passes over the updates two times."""
    assert len(list(updates)) == len(updates)
    return rules.fedavg(updates, *known)


def test_a_store_that_lies_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rules.RULES, "twice", twice)
    made = inputs(EIGHT[:3])
    with pytest.raises(Unavailable, match="does not hash"):
        compute(replace(made, fetch=lambda digest: EIGHT[0]))

    calls: list[str] = []

    def second_pass_lies(digest: str) -> bytes:
        calls.append(digest)
        return made.fetch(digest) if len(calls) <= 3 else EIGHT[5]

    with pytest.raises(Unavailable, match="does not hash"):
        compute(replace(made, fetch=second_pass_lies, rule="twice"))


def test_a_rule_may_pass_over_the_updates_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rules.RULES, "twice", twice)
    made = inputs([*EIGHT[:3], b"malformed"])
    assert compute(replace(made, rule="twice")).model == compute(made).model
    assert compute(replace(made, rule="twice")).verdicts == compute(made).verdicts


def test_an_update_is_fetched_hashed_and_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = inputs(EIGHT)
    counted: dict[str, list[bytes]] = {"digest_of": [], "encode": []}

    def hashed(data: bytes) -> str:
        counted["digest_of"].append(data)
        return digest_of(data)

    def encoded(*parts: Any) -> bytes:
        counted["encode"].append(encode(*parts))
        return counted["encode"][-1]

    encode = blob.encode
    monkeypatch.setattr(round_module, "digest_of", hashed)
    monkeypatch.setattr(blob, "encode", encoded)
    compute(made)
    for update_blob in EIGHT:
        assert counted["digest_of"].count(update_blob) == 1
        assert counted["encode"].count(update_blob) == 1, "decoding encodes it again to see that it is canonical"


def test_blobs_are_fetched_once_in_order() -> None:
    made = inputs(EIGHT)
    seen: list[str] = []

    def fetch(digest: str) -> bytes:
        seen.append(digest)
        return made.fetch(digest)

    compute(replace(made, fetch=fetch))
    digests = [s.digest for s in made.submissions]
    assert seen == digests


def test_a_plan_whose_sums_may_not_fit_is_refused_whatever_the_blobs_hold() -> None:
    fits = inputs(EIGHT[:2], [2**31, 2**31 - 1], max_weight=2**32 - 1)
    assert compute(fits).model is not None
    with pytest.raises(Overflow, match="max_weight"):
        compute(inputs(EIGHT[:2], [2**32 - 1, 2**32 - 1], max_weight=2**32 - 1))
    narrow = inputs(EIGHT[:2], [2**32 - 1, 2**32 - 1], max_weight=2**32 - 1, clip=1.0)
    assert compute(narrow).model is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"round": -1},
        {"round": 2**32},
        {"base_digest": "0x" + "11" * 31},
        {"plan_hash": ""},
        {"scale_bits": 31},
        {"max_weight": 0},
        {"max_steps": lambda records: -1},
        {"min_valid": 0},
        {"clip": -1.0},
        {"clip": float("inf")},
        {"clip": float("nan")},
        {"submissions": [Submission(256, "aa" * 32, 1)]},
        {"submissions": [Submission(0, "aa", 1)]},
        {"submissions": [Submission(0, "aa" * 32, -1)]},
        {"submissions": [Submission(0, "aa" * 32, 2**32)]},
        {"submissions": [Submission(0, "aa" * 32, 1), Submission(0, "bb" * 32, 1)]},
    ],
)
def test_impossible_inputs_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(DltuiError):
        compute(inputs(EIGHT[:2], **wrong))


def test_a_base_that_is_no_model_is_refused() -> None:
    with pytest.raises(Malformed, match="not finite"):
        compute(inputs(EIGHT[:2], base={**base_model(), "param.b": np.full(4, np.nan, np.float32)}))


def test_an_unknown_rule_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean fedavg"):
        compute(inputs(EIGHT[:2], rule="fedavgg"))
    with pytest.raises(ConfigError, match="known rules: fedavg"):
        rules.rule("zzz")


def scored(updates: rules.Updates, base: Any, parameters: Any, scores: Any, state: Any) -> rules.Combined | None:
    """The mean of the updates whose score reaches the plan's least, plus what the state says of one tensor."""
    kept = [update for update in updates if scores[update.client] >= parameters["least"]]
    left_out = frozenset(update.client for update in updates) - {update.client for update in kept}
    mean = rules.fedavg(cast(Any, kept), base, {}, {}, {})
    assert mean is not None
    changes = {**mean.changes, "param.b": mean.changes["param.b"] + state["param.b"]}
    return rules.Combined(changes, mean.counters, left_out)


def test_a_rule_has_the_plans_parameters_the_committees_scores_and_its_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rules.RULES, "scored", scored)
    momentum = {"param.b": np.array([0, 0, 2**24, 0], np.int64)}
    made = inputs(EIGHT[:3], rule="scored", parameters={"least": 5}, scores={0: 5, 1: 4, 2: 9}, state=momentum)
    result = compute(made)
    assert [v.reason for v in result.verdicts] == [Reason.OK, Reason.REJECTED_BY_RULE, Reason.OK]
    plain = decode_model(compute(inputs(EIGHT[:3], candidates=frozenset({0, 2}))).model or b"")
    found = decode_model(result.model or b"")
    assert found["param.w"].tobytes() == plain["param.w"].tobytes()
    assert (found["param.b"] - plain["param.b"]).tolist() == pytest.approx([0, 0, 1, 0], abs=1e-6)


def test_a_state_that_a_version_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def keeps(updates: rules.Updates, *known: Any) -> rules.Combined | None:
        found = rules.fedavg(updates, *known)
        return found and replace(found, state={"param.b": np.zeros(4, np.int64)})

    monkeypatch.setitem(rules.RULES, "keeps", keeps)
    with pytest.raises(DltuiError, match="keeps a state"):
        compute(inputs(EIGHT[:2], rule="keeps"))


def test_a_rule_can_leave_updates_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def first_only(updates: rules.Updates, *known: Any) -> rules.Combined:
        assert len(updates) == 3
        first, *others = list(updates)
        changes = {n: q.astype(np.int64) for n, q in first.deltas.items()}
        return rules.Combined(changes, first.counters, frozenset(u.client for u in others))

    monkeypatch.setitem(rules.RULES, "first", first_only)
    result = compute(inputs(EIGHT[:3], rule="first"))
    assert [v.reason for v in result.verdicts] == [Reason.OK, Reason.REJECTED_BY_RULE, Reason.REJECTED_BY_RULE]
    assert [v.weight for v in result.verdicts] == [10, 0, 0]
    assert result.model == compute(inputs(EIGHT[:1])).model
    assert decode_manifest(result.manifest or b"").rule == "first"


def test_a_counter_is_bounded_by_its_owners_records_whatever_the_cap_on_weights() -> None:
    """Two clients that trained one step a record, one of them beyond the cap; and one that claims a step more."""
    blobs = [update(i, {**changes(i), "buffer.count": np.array(40 + c)}) for i, c in enumerate((10, 50, 11))]
    result = compute(inputs(blobs, [10, 50, 10], max_weight=20, max_steps=lambda records: records))
    assert [(v.reason, v.weight) for v in result.verdicts] == [
        (Reason.OK, 10),
        (Reason.OK, 20),
        (Reason.OUT_OF_RANGE, 0),
    ]


def test_integer_buffers_take_the_maximum() -> None:
    blobs = [update(i, {**changes(i), "buffer.count": np.array(40 + c)}) for i, c in enumerate((3, 0, 9))]
    assert decode_model(compute(inputs(blobs)).model or b"")["buffer.count"] == 49
    assert decode_model(compute(inputs(blobs, candidates=frozenset({1}))).model or b"")["buffer.count"] == 40
