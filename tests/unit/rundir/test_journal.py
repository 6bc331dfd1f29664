from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dltui.core import canonical_json
from dltui.core import events as ev
from dltui.core.events import Event
from dltui.core.state.state import State
from dltui.errors import MismatchError, RunError
from dltui.rundir.journal import GENESIS, Journal, Tail, encode, line_hash, read
from tests.kits.story import FIXTURE, payloads, write
from tests.kits.strategies import HOSTILE, sequences


def lines_of(directory: Path) -> list[bytes]:
    return [line for path in sorted(directory.glob("*.jsonl")) for line in path.read_bytes().splitlines(keepends=True)]


def folded(events: list[Event]) -> State:
    state = State()
    for event in events:
        state.apply(event)
    return state


def test_a_line_is_canonical_json_and_names_the_hash_of_the_line_before(tmp_path: Path) -> None:
    journal = Journal(tmp_path, clock=lambda: 1_795_478_531.4129)
    journal.append(ev.ChainStarting(engine="embedded"))
    journal.append(ev.ChainLost(reason="gone"))
    first, second = lines_of(tmp_path)
    assert first == (
        b'{"data":{"engine":"embedded"},"kind":"chain.starting","prev":"' + b"0" * 64 + b'","seq":1,'
        b'"ts":"2026-11-24T00:02:11.412Z","v":1}\n'
    )
    assert json.loads(second)["prev"] == line_hash(first[:-1])
    assert journal.head == line_hash(second[:-1])
    assert journal.seq == 2


def test_append_returns_what_a_reader_gets(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    told = [journal.append(payload) for payload in payloads()]
    assert list(read(tmp_path, head=journal.head)) == told
    assert Tail(tmp_path).poll() == told
    assert [event.seq for event in told] == list(range(1, len(told) + 1))


def test_the_fixture_is_the_story_as_this_version_writes_it(tmp_path: Path) -> None:
    write(tmp_path)
    assert lines_of(tmp_path) == lines_of(FIXTURE / "journal"), "run: python tests/kits/story.py"


def test_encode_gives_back_the_lines_that_were_read() -> None:
    head, lines = GENESIS, lines_of(FIXTURE / "journal")
    for event, line in zip(read(FIXTURE / "journal"), lines, strict=True):
        assert encode(event, head) + b"\n" == line
        head = line_hash(line[:-1])


def test_segments_follow_each_other_when_one_is_full_and_at_each_reopening(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=600)
    for number in range(10):
        journal.append(ev.ChainRewound(block=number))
    journal.close()
    full = len(list(tmp_path.iterdir()))
    assert full > 2
    again = Journal(tmp_path)
    assert (again.seq, again.head) == (10, journal.head)
    again.append(ev.ChainRewound(block=10))
    assert len(list(tmp_path.iterdir())) == full + 1
    assert [event.data.block for event in read(tmp_path, head=again.head)] == list(range(11))  # type: ignore[attr-defined]


def test_reopening_cuts_a_torn_line_and_goes_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(ev.ChainRewound(block=1))
    journal.close()
    with (tmp_path / "000001.jsonl").open("ab") as file:
        file.write(b'{"data":{"blo')
    with pytest.raises(MismatchError, match=r"000001.jsonl:2: the last line is torn"):
        list(read(tmp_path))
    tail = Tail(tmp_path)
    assert [event.seq for event in tail.poll()] == [1]
    again = Journal(tmp_path)
    again.append(ev.ChainRewound(block=2))
    assert [event.seq for event in tail.poll()] == [2]
    assert [event.seq for event in read(tmp_path)] == [1, 2]


def test_a_segment_without_a_whole_line_is_passed_over(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(ev.ChainRewound(block=1))
    journal.close()
    (tmp_path / "000002.jsonl").write_bytes(b'{"torn')
    again = Journal(tmp_path)
    again.append(ev.ChainRewound(block=2))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000001.jsonl", "000002.jsonl", "000003.jsonl"]
    assert [event.seq for event in read(tmp_path)] == [1, 2]
    assert [event.seq for event in Tail(tmp_path).poll()] == [1, 2]


def test_a_full_disk_leaves_a_whole_line_and_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    journal.append(ev.ChainRewound(block=1))
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:20]))
    with pytest.raises(RunError, match=r"000001.jsonl: cannot write the journal \(No space left on device\)"):
        journal.append(ev.ChainRewound(block=2))
    monkeypatch.undo()
    assert [event.seq for event in read(tmp_path, head=journal.head)] == [1]
    assert journal.append(ev.ChainRewound(block=3)).seq == 2
    assert [event.seq for event in read(tmp_path)] == [1, 2]


def test_foreign_text_is_cleaned_in_every_field(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for text in HOSTILE:
        journal.append(ev.ClientPending(id=text, address=text, name=text))
        journal.append(ev.OpCommand(id=text, name=text, args={text: [text, {text: text}]}, source=text, cli=text))
    for line in lines_of(tmp_path):
        assert all(0x20 <= byte < 0x7F or byte == 0x0A for byte in line)
        assert b"\\u001b" not in line and b"\\u009" not in line and b"\\ud800" not in line
    for event in read(tmp_path):
        assert all(str(value).isprintable() for value in (event.data.id,))  # type: ignore[attr-defined]


def test_a_loss_that_is_no_number_is_written_as_null(tmp_path: Path) -> None:
    event = Journal(tmp_path).append(ev.ClientProgress(id="client-0", round=1, activity="train", loss=float("nan")))
    assert event.data.loss is None  # type: ignore[attr-defined]


def test_a_missing_segment_is_named(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=100)
    for number in range(3):
        journal.append(ev.ChainRewound(block=number))
    (tmp_path / "000002.jsonl").unlink()
    with pytest.raises(MismatchError, match="segment 000002 is missing"):
        list(read(tmp_path))


def copy(tmp_path: Path) -> Path:
    target = tmp_path / "journal"
    shutil.copytree(FIXTURE / "journal", target)
    return target / "000001.jsonl"


HEAD = line_hash(lines_of(FIXTURE / "journal")[-1][:-1])


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("cut", lambda lines: lines[:-1]),
        ("cut to nothing", lambda lines: []),
        ("first missing", lambda lines: lines[1:]),
        ("middle missing", lambda lines: lines[:50] + lines[51:]),
        ("swapped", lambda lines: [*lines[:50], lines[51], lines[50], *lines[52:]]),
        ("doubled", lambda lines: [*lines[:51], lines[50], *lines[51:]]),
        ("last doubled", lambda lines: [*lines, lines[-1]]),
        ("torn", lambda lines: [*lines[:-1], lines[-1][:-1]]),
        ("blank line", lambda lines: [*lines[:50], b"\n", *lines[50:]]),
        ("spaces", lambda lines: [*lines[:-1], lines[-1].replace(b'":', b'": ')]),
        ("doubled key", lambda lines: [*lines[:-1], lines[-1].replace(b'"v":1', b'"v":1,"v":1')]),
        ("one more key", lambda lines: [*lines[:-1], lines[-1].replace(b'"v":1', b'"v":1,"w":1')]),
    ],
)
def test_an_altered_journal_is_refused(tmp_path: Path, name: str, change: object) -> None:
    path = copy(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(change(lines)))  # type: ignore[operator]
    with pytest.raises(MismatchError) as error:
        list(read(path.parent, head=HEAD))
    assert "journal" in error.value.where


@pytest.mark.parametrize("field", [b'"prev":"', b'"seq":', b'"ts":"', b'"kind":"', b'"data":{"', b'"v":', b"}\n", b"{"])
def test_a_flipped_byte_in_any_part_of_a_line_names_the_line_or_the_one_after(tmp_path: Path, field: bytes) -> None:
    path = copy(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    at = lines[99].index(field) + len(field) - (1 if field == b"}\n" else 0)
    lines[99] = lines[99][:at] + bytes([lines[99][at] ^ 1]) + lines[99][at + 1 :]
    path.write_bytes(b"".join(lines))
    with pytest.raises(MismatchError) as error:
        list(read(path.parent))
    assert error.value.where in (f"{path}:100", f"{path}:101")


FIXTURE_BYTES = (FIXTURE / "journal" / "000001.jsonl").read_bytes()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, len(FIXTURE_BYTES) - 1), st.integers(1, 255))
def test_no_flipped_byte_goes_unseen(tmp_path: Path, at: int, flip: int) -> None:
    changed = FIXTURE_BYTES[:at] + bytes([FIXTURE_BYTES[at] ^ flip]) + FIXTURE_BYTES[at + 1 :]
    (tmp_path / "000001.jsonl").write_bytes(changed)
    with pytest.raises(MismatchError):
        list(read(tmp_path, head=HEAD))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(st.binary(max_size=200), st.just(b"[" * 100_000), st.just(b'{"v":1,"prev":"","seq":1}')))
def test_garbage_is_refused_and_never_crashes_a_reader(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / "000001.jsonl").write_bytes(garbage + b"\n")
    for reader in (lambda: list(read(tmp_path)), lambda: Tail(tmp_path).poll(), lambda: Journal(tmp_path)):
        with pytest.raises(MismatchError):
            reader()


def forged(**changes: object) -> bytes:
    line = {"v": 1, "prev": GENESIS, "seq": 1, "ts": "2026-11-24T00:00:00.000Z", "kind": "chain.lost"}
    return canonical_json.dumps({**line, "data": {"reason": "x"}, **changes}) + b"\n"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"v": 2}, "newer version"),
        ({"data": {"reason": "\x1b[2J"}}, "malformed"),
        ({"data": {"reason": 1}}, "malformed"),
        ({"data": {}}, "malformed"),
        ({"ts": "\x1b[2J"}, "malformed"),
        ({"kind": "\u202e"}, "malformed"),
        ({"seq": 2}, "event 2 where 1 is due"),
        ({"prev": "1" * 64}, "hash differs"),
        ({"data": {"reason": "x", "big": 2**300}}, "malformed"),
    ],
)
def test_a_forged_line_is_refused_with_its_place(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    (tmp_path / "000001.jsonl").write_bytes(forged(**changes))
    for reader in (lambda: list(read(tmp_path)), lambda: Tail(tmp_path).poll()):
        with pytest.raises(MismatchError, match=words) as error:
            reader()
        assert error.value.where == f"{tmp_path}/000001.jsonl:1"


def test_unknown_kinds_and_fields_of_a_newer_program_are_no_error(tmp_path: Path) -> None:
    first = forged(kind="chain.dreamt", data={"of": ["sheep"]})
    second = forged(data={"reason": "x", "new": 1}, seq=2, prev=line_hash(first[:-1]))
    (tmp_path / "000001.jsonl").write_bytes(first + second)
    one, two = read(tmp_path)
    assert one.data == ev.Unknown(kind="chain.dreamt", fields={"of": ["sheep"]})
    assert two.data == ev.ChainLost(reason="x")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sequences, st.integers(200, 3000), st.lists(st.integers(1, 2000), max_size=40), st.booleans())
def test_a_tail_over_any_pieces_folds_to_what_a_replay_folds_to(
    tmp_path_factory: pytest.TempPathFactory, told: list[ev.Payload], segment: int, cuts: list[int], reopen: bool
) -> None:
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    journal = Journal(source, clock=lambda: 1_795_478_400.0, segment_bytes=segment)
    live = State()
    for number, payload in enumerate(told):
        if reopen and number == len(told) // 2:
            journal.close()
            journal = Journal(source, clock=lambda: 1_795_478_400.0, segment_bytes=segment)
        live.apply(journal.append(payload))
    journal.close()

    tail, followed, sizes = Tail(target), State(), iter(cuts)
    for path in sorted(source.iterdir()):
        data = path.read_bytes()
        with (target / path.name).open("ab") as file:
            while data:
                size = next(sizes, len(data))
                file.write(data[:size])
                file.flush()
                data = data[size:]
                for event in tail.poll():
                    followed.apply(event)
    replayed = folded(list(read(source, head=journal.head)))
    assert live == followed == replayed
    assert tail.head == journal.head
