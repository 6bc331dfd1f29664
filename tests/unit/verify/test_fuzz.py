"""Documents and journals that somebody made up: they are read, or refused with an error for people."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dltui.cli.listing import print_runs
from dltui.core import canonical_json
from dltui.core.events import KINDS
from dltui.core.state.state import State
from dltui.core.summary import summarise
from dltui.engine.run_files import read_run_json
from dltui.errors import DltuiError
from dltui.report.content import gather
from dltui.rundir.journal import line_hash, records
from dltui.rundir.paths import RunPaths
from dltui.rundir.session import LiveSession
from dltui.verify import run, story

STORY = Path(__file__).parents[2] / "fixtures" / "runs" / "story" / "journal"
LINES = [json.loads(line) for path in sorted(STORY.glob("*.jsonl")) for line in path.read_bytes().splitlines()]

texts = st.one_of(st.text(max_size=8), st.sampled_from(["\x1b[2J", "\ud800", "a\x00b", "/dev/zero", "9" * 400]))
numbers = st.one_of(st.integers(-3, 3), st.integers(-(10**400), 10**400), st.floats())
plain = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
RUN_JSON = ("run", "version", "pid", "started", "boot", "socket", "federation_id", "operator", "addresses")
SUMMARY = ("run", "status", "started_at", "rounds", "versions", "gas", "journal")
VERSIONS = [{"test_accuracy_bp": 9_000}]
HONEST = {"run": "abc", "status": "done", "started_at": "2026", "rounds": {"finalised": 1, "target": 1}}
HONEST |= {"versions": VERSIONS, "gas": {"gas": 1}, "journal": {"head": "0" * 64}}


def documents(keys: tuple[str, ...]) -> st.SearchStrategy[bytes]:
    """JSON of these keys with odd values, odd JSON, or no JSON."""
    odd = st.dictionaries(st.sampled_from(keys), plain).map(lambda given: {**HONEST, **given})
    return st.one_of(st.one_of(odd, plain).map(_written), st.binary(max_size=40))


def _written(document: Any) -> bytes:
    return json.dumps(document).encode()


@contextlib.contextmanager
def run_of(**files: bytes) -> Iterator[RunPaths]:
    """A run directory that holds these files, by the names of their properties."""
    with tempfile.TemporaryDirectory() as folder:
        paths = RunPaths(Path(folder) / "abc").create()
        for name, data in files.items():
            getattr(paths, name).write_bytes(data)
        yield paths


@settings(max_examples=150, deadline=None)
@given(data=documents(RUN_JSON))
def test_any_run_json_is_read_or_refused(data: bytes) -> None:
    with run_of(run_json=data) as paths:
        with contextlib.suppress(DltuiError):
            document = read_run_json(paths)
            assert all(isinstance(value, str) for value in document["addresses"].values())
        for read_only in (False, True):
            with contextlib.suppress(DltuiError):
                assert LiveSession(paths.root, read_only=read_only).alive() in (False, True)


@settings(max_examples=150, deadline=None)
@given(data=documents(SUMMARY))
def test_any_summary_is_read_or_refused(data: bytes) -> None:
    with run_of(summary=data) as paths, pytest.MonkeyPatch.context() as patch:
        shutil.copytree(STORY, paths.journal, dirs_exist_ok=True)
        patch.setenv("DLTUI_RUNS", str(paths.root.parent))
        assert print_runs() == 0
        gather(paths)
        with pytest.raises(DltuiError):
            LiveSession(paths.root).send(None)  # type: ignore[arg-type]
        with pytest.raises(DltuiError):
            run.verify(paths, lambda step: None)


@st.composite
def journals(draw: st.DrawFn) -> bytes:
    """The recorded story with some fields, kinds, times or lines changed, and a chain of hashes that fits."""
    lines = [dict(line, data=dict(line["data"])) for line in LINES]
    for _ in range(draw(st.integers(1, 4))):
        line = lines[draw(st.integers(0, len(lines) - 1))]
        what = draw(st.sampled_from(["field", "more", "kind", "ts"]))
        if what == "field" and line["data"]:
            line["data"][draw(st.sampled_from(sorted(line["data"])))] = draw(plain)
        elif what == "more":
            line["data"][draw(texts)] = draw(plain)
        elif what == "kind":
            line["kind"] = draw(st.one_of(st.sampled_from(sorted(KINDS)), texts))
        else:
            line["ts"] = draw(st.sampled_from(["", "0000-00-00T00:00:00.000Z", "9999-12-31T23:59:59.999Z"]))
    prev, written = "0" * 64, b""
    for line in lines:
        try:
            raw = canonical_json.dumps({**line, "prev": prev})
        except ValueError:  # a number that is none: JSON has no word for it
            raw = canonical_json.dumps({**line, "prev": prev, "data": {}})
        prev, written = line_hash(raw), written + raw + b"\n"
    return written


@settings(max_examples=150, deadline=None)
@given(data=journals())
def test_any_journal_is_told_or_refused(data: bytes) -> None:
    with run_of() as paths:
        (paths.journal / "000001.jsonl").write_bytes(data)
        with contextlib.suppress(DltuiError):
            told = list(records(paths.journal))
            state = State()
            for event, _ in told:
                state.apply(event)
            summarise(state, "")
            gather(paths)
            story.check_order([event for event, _ in told], "journal")
            story.unknown(told, "journal")
