"""What the keys do to the rows of a pane: open, filter, sort, hold, follow, copy, export."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from textual import events

from dltui.core.events import (
    ChainReady,
    ChainStarting,
    ClientPending,
    ClientProgress,
    Event,
    ModelDescribed,
    ModelEvaluated,
    ModelPublished,
    ModelRejected,
    RunAlert,
    RunStarted,
)
from dltui.tui.app import DltuiApp
from dltui.tui.screens.main import MainScreen
from tests.kits.screen_dump import screen_text, until
from tests.kits.screen_scenario import FakeSession, Script, address, live, started, submitted, whole_round
from tests.kits.screen_showing import clients, log, more, notes, showing
from tests.kits.screen_tour import tour


@pytest.mark.parametrize(
    ("keys", "thing"),
    [
        (("down", "enter"), ("client", "client-1")),
        (("1", "enter"), ("round", 3)),
        (("1", "1", "down", "down", "enter"), ("round", 2)),
        (("4", "down", "enter"), ("version", 1)),
        (("5", "enter"), ("event", 263)),
        (("2", "down", "down", "enter"), ("call", "join")),
        (("2", "end", "enter"), ("tx", f"0x{1:064x}")),
    ],
)
async def test_enter_opens_what_is_under_the_cursor(keys: tuple[str, ...], thing: tuple[str, Any]) -> None:
    opened: list[tuple[str, Any]] = []
    script = live()
    async with showing(script, opened=opened) as (_app, pilot, _session):
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
    assert opened == [thing if thing[0] != "event" else ("event", script.events[-1].seq)]


async def test_a_filter_hides_rows_inverts_and_is_cleared_by_escape() -> None:
    async with showing(live()) as (app, pilot, _session):
        await pilot.press("slash", *"sent")
        await pilot.pause()
        assert clients(app).keys == [f"client-{n}" for n in range(4)]
        await pilot.press("enter")
        await pilot.pause()
        assert app.focused is clients(app) and '4 of 8 · filter "sent"' in screen_text(app)
        await pilot.press("slash", "home", "!", "enter")
        await pilot.pause()
        assert clients(app).keys == [f"client-{n}" for n in range(4, 8)]
        await pilot.press("escape")
        await pilot.pause()
        assert len(clients(app).keys) == 8 and "filter" not in screen_text(app)
        await pilot.press("slash", *"nobody", "enter")
        await pilot.pause()
        assert 'Nothing here fits the filter "nobody"' in screen_text(app)
        await pilot.press("slash", "escape")
        await pilot.pause()
        assert len(clients(app).keys) == 8 and app.focused is clients(app)


async def test_keys_typed_into_a_filter_are_no_commands() -> None:
    async with showing(live()) as (app, pilot, session):
        await pilot.press("slash", *"raxKpq12z ")
        await pilot.pause()
        assert isinstance(app.screen, MainScreen) and session.sent == [] and not app.main.zoomed
        assert clients(app).pattern == "raxKpq12z "


async def test_keys_in_one_burst_after_the_slash_are_no_commands_either() -> None:
    async with showing(live()) as (app, pilot, session):
        for key in ("slash", *"sax", "space", *"K["):
            name = {"slash": "/", "space": " "}.get(key, key)
            app.post_message(events.Key({"[": "left_square_bracket"}.get(key, key), name))
        await pilot.pause()
        await pilot.pause()
        assert clients(app).pattern == "sax K[" and clients(app).ordering.column == ""
        assert session.sent == [] and app.picture.live and isinstance(app.screen, MainScreen)


async def test_events_are_filtered_as_they_come() -> None:
    script = live()
    async with showing(script) as (app, pilot, session):
        await pilot.press("5", "slash", *"update from", "enter")
        await pilot.pause()
        before = len(log(app).keys)
        assert before == 18 and f'{before} of {len(script.events)} · filter "update from"' in screen_text(app)
        since = len(script.events)
        submitted(script, 3, "client-4")
        await more(app, pilot, session, script, since)
        assert len(log(app).keys) == before + 1
        await pilot.press("escape")
        await pilot.pause()
        assert len(log(app).keys) == len(script.events)


async def test_sorting_keeps_the_cursor_on_its_client() -> None:
    async with showing(live()) as (app, pilot, _session):
        await pilot.press("down", "down")
        assert clients(app).cursor == "client-2"
        seen = set()
        for _ in range(16):
            await pilot.press("s")
            await pilot.pause()
            seen.add(clients(app).ordering.column)
            assert clients(app).cursor == "client-2"
            await pilot.press("S")
            assert clients(app).cursor == "client-2"
        assert {"", "client", "state", "loss", "attest", "share", "gas", "seen"} == seen
        while clients(app).ordering.column != "gas":
            await pilot.press("s")
        await pilot.pause()
        assert clients(app).keys[0] == "client-0" and "sort gas ▼" in screen_text(app)


async def test_panes_in_an_order_of_their_own_say_so() -> None:
    async with showing(live()) as (app, pilot, _session):
        await pilot.press("5", "s")
        assert "this pane has an order of its own" in notes(app)[-1]


async def test_the_order_is_held_while_one_moves_and_let_go_after() -> None:
    script = live()
    async with showing(script) as (app, pilot, session):
        while clients(app).ordering.column != "loss":
            await pilot.press("s")
        assert clients(app).keys[:2] == ["client-6", "client-5"]
        await pilot.press("down")
        await pilot.pause()
        assert "order held" in screen_text(app) and clients(app).cursor == "client-5"
        since = len(script.events)
        script.say(ClientProgress(id="client-0", round=3, activity="training", epoch=3, epochs=3, loss=9.0))
        await more(app, pilot, session, script, since)
        assert clients(app).keys[:2] == ["client-6", "client-5"] and clients(app).cursor == "client-5"
        clients(app).release()
        await pilot.pause()
        assert clients(app).keys[0] == "client-0" and clients(app).cursor == "client-5"
        assert "order held" not in screen_text(app)


async def test_a_reader_of_the_events_is_left_alone_and_told_what_is_new() -> None:
    script = live()
    async with showing(script) as (app, pilot, session):
        await pilot.press("5", "up", "up")
        await pilot.pause()
        before = [line for line in screen_text(app).splitlines() if "round    r3 update" in line]
        since = len(script.events)
        submitted(script, 3, "client-4")
        submitted(script, 3, "client-5")
        await more(app, pilot, session, script, since)
        text = screen_text(app)
        assert f"+{len(script.events) - since} new · end follows" in text
        assert [line for line in text.splitlines() if "round    r3 update" in line] == before
        await pilot.press("end")
        await pilot.pause()
        assert "following" in screen_text(app)


async def test_copy_takes_the_address_the_digest_the_hash_and_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    script = live()
    copied: list[str] = []
    async with showing(script) as (app, pilot, _session):
        monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
        await pilot.press("y", "4", "y", "5", "y", "2", "end", "y", "1", "end", "y")
    assert copied.pop() == f"{0x1B07 % 65536:04x}" * 16
    assert copied[:2] == [address(0), f"{0x1B07 * 2 % 65536:04x}" * 16]
    assert copied[2].endswith("the round goes on without it at the deadline") and copied[3].startswith("0x")
    assert f"copied {copied[3]}" in notes(app)


@pytest.mark.parametrize(
    ("pane", "rows", "column"),
    [("1", 3, "number"), ("2", 56, "hash"), ("3", 8, "share_bp"), ("4", 3, "digest"), ("5", 263, "data")],
)
async def test_export_writes_what_is_shown(
    pane: str, rows: int, column: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLTUI_RUNS", str(tmp_path / "none"))
    script = live()
    async with showing(script, run_dir=tmp_path) as (app, pilot, _session):
        if pane != "3":
            await pilot.press(pane)
        await pilot.press("e")
        await pilot.pause()
    (table,) = (tmp_path / "exports").glob("*.csv")
    (document,) = (tmp_path / "exports").glob("*.json")
    assert table.name in notes(app)[-1]
    with table.open(newline="") as file:
        read = list(csv.DictReader(file))
    written = json.loads(document.read_text())
    expected = len(script.events) if pane == "5" else rows
    assert len(read) == len(written) == expected and column in read[0]


async def test_export_goes_into_the_folder_of_its_run_and_follows_filter_and_order(tmp_path: Path) -> None:
    async with showing(live(), run_dir=tmp_path / "7f3a91") as (app, pilot, _session):
        await pilot.press("slash", *"sent", "enter", "s", "S", "e")
        await pilot.pause()
    (document,) = (tmp_path / "7f3a91" / "exports").glob("clients-*.json")
    assert [row["id"] for row in json.loads(document.read_text())] == [f"client-{n}" for n in (3, 2, 1, 0)]
    assert str(document.parent) in notes(app)[-1]


@pytest.mark.parametrize("key", ["e", "P"])
async def test_a_screen_without_a_folder_of_its_run_refuses_to_export(key: str, tmp_path: Path) -> None:
    async with showing(live()) as (app, pilot, _session):
        await pilot.press(key)
        await pilot.pause()
        assert notes(app) == ["this screen shows no run of a folder, so there is no place for exports"]
    assert list(tmp_path.iterdir()) == []


async def test_a_screen_in_a_browser_gives_its_files_to_the_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, str] = {}
    monkeypatch.setattr(DltuiApp, "is_web", True)
    monkeypatch.setattr(
        DltuiApp, "deliver_text", lambda self, file, save_filename: given.update({save_filename: file.read()})
    )
    async with showing(live(), read_only=True) as (app, pilot, _session):
        await pilot.press("e", "P")
        await pilot.pause()
        assert "in the browser's downloads" in notes(app)[-1]
    assert [name.rpartition(".")[2] for name in given] == ["csv", "json", "svg"]
    assert all(given.values()) and list(tmp_path.iterdir()) == []


async def test_a_picture_of_the_screen_is_never_written_over(tmp_path: Path) -> None:
    async with showing(live(), run_dir=tmp_path) as (app, pilot, _session):
        await pilot.press("P", "P")
        await pilot.pause()
        names = [f"dltui-7f3a91-{app.state.last_seq}{number}.svg" for number in ("", "-2")]
    assert sorted(path.name for path in (tmp_path / "exports").iterdir()) == sorted(names)


async def test_a_client_that_asks_to_join_is_announced_and_the_cursor_stays() -> None:
    script = started(Script(), clients=3)
    async with showing(script) as (app, pilot, session):
        await pilot.press("down")
        since = len(script.events)
        script.say(ClientPending(id="aaa", address=address(70), name="aaa"))
        script.say(RunAlert(id="pending", severity="warning", text="waiting to be registered: aaa", hint="r"))
        await more(app, pilot, session, script, since)
        assert clients(app).cursor == "client-1"
        assert "2 pending, r registers" in screen_text(app) and "waiting to be registered: aaa" in screen_text(app)


@pytest.mark.parametrize(("size", "how"), [((120, 40), ""), ((200, 60), ", wave 3 of 4, 2 at a time")])
async def test_what_follows_a_wait_is_whole_and_the_wave_is_told_if_there_is_room(
    size: tuple[int, int], how: str
) -> None:
    script = live().say(ModelDescribed(model="mlp", parameters=1, bytes=1, device="cpu", round_seconds=1.0, slots=2))
    async with showing(script, size) as (app, _pilot, _session):
        assert f"for 3 updates from client-4, client-5 and client-6 (down){how} " in screen_text(app)
        assert " left, then the round goes on without them " in screen_text(app)


async def test_a_lost_engine_is_what_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async with showing(live()) as (app, pilot, _session):
        app.lost = True
        app.main.changed(frozenset({"alert"}))
        app.main.paint()
        await pilot.pause()
        text = screen_text(app)
        assert "for the engine, which does not answer" in text and "dltui resume 7f3a91 goes on from the chain" in text


def test_events_of_the_recorded_run_are_whole() -> None:
    events: list[Event] = tour().events
    assert [event.seq for event in events] == list(range(1, len(events) + 1)) and events[-1].kind == "run.finished"


@pytest.mark.parametrize("size", [(200, 60), (120, 40), (100, 32), (100, 30), (80, 24), (64, 16), (40, 8)], ids=str)
async def test_test_and_committee_are_two_named_columns_at_every_width(size: tuple[int, int]) -> None:
    """One rises where the other falls, each against the parent and none against a version that was rejected."""
    script = started(Script(), clients=4)
    members = tuple(f"client-{n}" for n in range(4))
    whole_round(script, 1, members, 9200)
    whole_round(script, 2, members, 9500)
    script.say(
        ModelRejected(version=2, by="operator", new_base=1, tx="0x"),
        ModelPublished(version=3, round=3, digest="9" * 64, cid="b3", parent=1, accuracy_bp=9180),
        ModelEvaluated(version=3, accuracy_bp=9190, loss=0.3, samples=100),
    )
    async with showing(script, size=size) as (app, pilot, _session):
        if app.main.folded or app.main.alone:
            await pilot.press("4")
        await until(pilot, lambda: "committee" in screen_text(app))
        lines = screen_text(app).splitlines()
        head = next(line for line in lines if " ver " in line)
        row = next(line for line in lines if "v3" in line and "review" in line)
        ends = [head.rindex(name) + len(name) for name in (" test ", " committee ")]
        assert [row[: end - 1].split()[-1] for end in ends] == ["0.919▲", "0.918▼"]


async def test_the_start_is_a_checklist_until_there_are_clients() -> None:
    script = Script().say(
        RunStarted(run="7f3a91", version="0.1.0", seed=1, rounds=3, config={"clients": {"count": 3}}),
        ChainStarting(engine="embedded"),
    )
    async with showing(script, (120, 40)) as (app, pilot, session):
        assert "embedded chain" in screen_text(app) and "◐ chain" in screen_text(app)
        assert "○ contracts            0 of 3 deployed, then the plan" in screen_text(app)
        said = len(script.events)
        script.say(ChainReady(engine="embedded", pid=1, port=5, chain_id=1, url="http://127.0.0.1:5"), after=0.7)
        await more(app, pilot, session, script, said)
        await until(pilot, lambda: "✔ chain         0.7 s  embedded chain" in screen_text(app))
        assert "◐ contracts" in screen_text(app) and "◐ warm-up" in screen_text(app)
        said = len(script.events)
        script.say(ClientPending(id="client-0", address=address(0), name="client-0"))
        await more(app, pilot, session, script, said)
        await until(pilot, lambda: "warm-up" not in screen_text(app))


async def test_a_note_keeps_a_path_in_one_piece() -> None:
    path = "/home/somebody/experiments/2026/federated/runs/7f3a91/export-7f3a91-clients-r4.json"
    app = DltuiApp(FakeSession(live().events), clock=lambda: 0.0)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        app.tell(f"wrote {path}")
        await until(pilot, lambda: len(app.screen.query("Toast")) == 1)
        await until(pilot, lambda: app.screen.query("Toast").first().size.height == 1)
