from __future__ import annotations

import re
from pathlib import Path

import pytest

from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.core.series import MOST_CLIENTS
from dltui.report.content import gather
from dltui.report.page import render
from dltui.report.verification import NOT_ASKED, Verification
from dltui.rundir.paths import RunPaths
from tests.kits.report import Page, record

STORY = RunPaths(Path(__file__).parents[2] / "fixtures" / "runs" / "story")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}</title></style>"


def page_of(paths: RunPaths, verification: Verification = NOT_ASKED) -> tuple[str, Page]:
    html = render(gather(paths), verification)
    return html, Page(html)


@pytest.fixture(scope="module")
def story() -> tuple[str, Page]:
    return page_of(STORY)


def hostile_events() -> list[Payload]:
    """A run in which every text that somebody else chooses attacks the page."""
    told: list[Payload] = [
        ev.RunStarted(run=HOSTILE, version=HOSTILE, seed=7, rounds=1, config={HOSTILE: {HOSTILE: HOSTILE}}),
        ev.ChainReady(engine=HOSTILE, pid=1, port=1, chain_id=1, url=HOSTILE),
        ev.ContractDeployed(name=HOSTILE, address=HOSTILE, gas_used=1, tx="a"),
        ev.TxMined(hash="b", function=HOSTILE, sender=HOSTILE, address=HOSTILE, block=1, gas_used=9, fee=9),
        ev.TxMined(hash="c", function="f", sender="operator", address=HOSTILE, block=1, gas_used=9, fee=9),
        ev.PlanSet(plan=1, plan_hash=HOSTILE, committee=1, quorum=1, require_approval=True),
        ev.ModelPublished(version=0, round=0, digest=HOSTILE, cid=HOSTILE, parent=None, accuracy_bp=None),
        ev.ModelApproved(version=0, by=HOSTILE, tx="d"),
        ev.ClientPending(id=HOSTILE, address=HOSTILE, name=HOSTILE),
        ev.ClientRegistered(id=HOSTILE, index=0, address=HOSTILE, tx="e"),
        ev.RoundOpened(round=1, base=0, base_digest="", plan_hash="", selected=(HOSTILE,), committee=(HOSTILE,),
                       seed=HOSTILE, deadline=0),
        ev.UpdateSubmitted(round=1, client=HOSTILE, digest=HOSTILE, weight=1, tx="f"),
        ev.RoundReporting(round=1, attempt=0, submitted=(HOSTILE,), committee=(HOSTILE,), deadline=0),
        ev.RoundAttesting(round=1, attempt=0, members=(HOSTILE,), deadline=0),
        ev.RoundFinalised(round=1, attempt=0, version=1, digest=HOSTILE, verdicts_root="", accuracy_bp=1, agreeing=()),
        ev.RoundIncluded(round=1, verdicts=(
            ev.VerdictRow(client=HOSTILE, digest="", included=True, reason=HOSTILE, weight=3),
            ev.VerdictRow(client="x" + HOSTILE, digest="", included=False, reason=HOSTILE, weight=0),
        )),
        ev.RunAlert(id="a", severity=HOSTILE, text=HOSTILE, hint=HOSTILE),
        ev.OpCommand(id="1", name=HOSTILE, args={}, source=HOSTILE, cli=HOSTILE),
        ev.OpResult(id="1", ok=False, message=HOSTILE),
        ev.RunFinished(status="failed", exit_code=1, reason=HOSTILE),
    ]  # fmt: skip
    return told


def test_foreign_text_never_becomes_an_element_an_attribute_or_a_template(tmp_path: Path) -> None:
    lines = Verification("mismatch", (HOSTILE,))
    html, page = page_of(record(tmp_path, hostile_events()), lines)
    assert page.of("script") == [] and page.of("img") == []
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert page.text.count("<script>alert(1)</script>") > 20 and "{{ 7*7 }}" in page.text
    assert "<script" not in html.lower() and html.count("</style>") == 1


def test_the_page_needs_nothing_else(story: tuple[str, Page]) -> None:
    html, page = story
    (policy,) = [meta for meta in page.of("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"
    for tag in ("script", "link", "img", "iframe", "object", "form"):
        assert page.of(tag) == []
    assert all(a["href"] == "#verification" for a in page.of("a"))
    assert not re.search(r"https?://|@import|url\(", html)


def test_every_figure_is_told_and_every_table_has_headers(story: tuple[str, Page]) -> None:
    _, page = story
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    figures = page.of("svg")
    assert len(figures) == 5
    for svg in figures:
        assert svg["role"] == "img" and svg["aria-labelledby"]
        assert set(str(svg["aria-labelledby"]).split()) <= set(ids)
    assert all(th["scope"] in ("col", "row") for th in page.of("th"))
    assert page.of("html") == [{"lang": "en"}] and len(page.of("h1")) == 1


def test_what_the_run_came_to(story: tuple[str, Page]) -> None:
    _, page = story
    said = " ".join(page.text.split())
    for words in (
        "3 of 3 rounds finalised, accuracy 0.930 on the test split.",
        "2026-11-24 00:00:00 UTC",
        "Lineage of the released version: v0 → v1 → v2.",
        "approved by operator",
        "This page shows what the journal says.",
        "Accuracy went from 0.098 in version 0 to 0.930 in version 3 (test split)",
        "client-2 ended",
        "dltui model approve 2",
        "version 2 is approved",
        "WRONG_BASE",
    ):
        assert words in said
    assert "R restarts it" not in said
    cells = page.cells
    row = cells[cells.index("client-2") :][:8]
    assert row == ["client-2", "active", "1,440", "2 of 3", "0.200", "-", "0.250", "1"]
    gas = cells[cells.index("before round 1") :][:4]
    assert gas == ["before round 1", "25", "8,700,000", "0.008700"]
    assert cells[cells.index("rounds.quorum") + 1] == "2"


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("verified", "Every transaction was executed again"),
        ("mismatch", "Chain, blobs and journal do not agree"),
        ("not run", "Nobody has compared it"),
    ],
)
def test_the_verification_is_stated_clearly(outcome: str, words: str) -> None:
    _, page = page_of(STORY, Verification(outcome, ("line one",)))
    assert f"Verification: {outcome}" in page.text and words in page.text and "line one" in page.text


def test_a_journal_damaged_in_the_middle_is_told_up_to_there(tmp_path: Path) -> None:
    lines = (STORY.journal / "000001.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "journal").mkdir()
    lines[99] = lines[99].replace(b'"seq":100', b'"seq":101')
    (tmp_path / "journal" / "000001.jsonl").write_bytes(b"".join(lines))
    _, page = page_of(RunPaths(tmp_path))
    assert "The journal is damaged" in page.text and "000001.jsonl:100" in page.text
    assert "What follows is the run up to event 99." in page.text


def test_a_run_that_has_only_begun_has_a_page(tmp_path: Path) -> None:
    _, page = page_of(record(tmp_path, [ev.RunStarted(run="x", version="1", seed=1, rounds=2, config={})]))
    assert "0 of 2 rounds finalised." in page.text and "No round was opened." in page.text
    assert page.of("svg") == []


def test_many_clients_and_rounds_still_fit(tmp_path: Path) -> None:
    told: list[Payload] = [ev.RunStarted(run="x", version="1", seed=1, rounds=40, config={})]
    names = tuple(f"client-{n}" for n in range(60))
    told += [ev.ClientRegistered(id=name, index=n, address="", tx=name) for n, name in enumerate(names)]
    for number in range(1, 41):
        rows = tuple(ev.VerdictRow(client=n, digest="", included=True, reason="OK", weight=5) for n in names)
        told += [
            ev.RoundOpened(round=number, base=0, base_digest="", plan_hash="", selected=names, committee=(), seed="",
                           deadline=0),
            ev.RoundReporting(round=number, attempt=0, submitted=names, committee=("client-0",), deadline=0),
            ev.RoundAttesting(round=number, attempt=0, members=("client-0",), deadline=0),
            ev.RoundFinalised(round=number, attempt=0, version=number, digest="", verdicts_root="", accuracy_bp=1,
                              agreeing=()),
            ev.RoundIncluded(round=number, verdicts=rows),
        ]  # fmt: skip
    _, page = page_of(record(tmp_path, told))
    assert "r40" in page.cells and "r28" not in page.cells
    assert page.cells.count("0.017") == 60 * 12
    assert f"{60 - MOST_CLIENTS} others" in page.text
