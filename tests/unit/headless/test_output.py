from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, TextIO

import pytest

from dltui.core import events as ev
from dltui.core.events import Event
from dltui.core.state.state import State
from dltui.core.summary import summarise
from dltui.headless.console import console
from dltui.headless.run import follow
from dltui.rundir.journal import Journal
from dltui.rundir.session import ReplaySession
from tests.kits.headless import STORY, Recorded, story, told

HOSTILE = "[/x][red]\x1b[2J\x1b]0;owned\x07\x9b31m\u202eevil"


def replay() -> ReplaySession:
    return ReplaySession(STORY)


def test_jsonl_is_the_journal_byte_for_byte_and_nothing_else() -> None:
    code, out, err = told(replay(), "jsonl")
    assert code == 0
    assert out.encode() == (STORY / "journal" / "000001.jsonl").read_bytes()
    assert "run story finished 3/3 rounds" in err


def test_a_round_has_three_lines_and_what_happened_in_it() -> None:
    _, _, err = told(replay())
    lines = [line.rstrip() for line in err.splitlines()]
    first, second, third = (n for n, line in enumerate(lines) if " finalised after 4.2 s" in line)
    assert lines[second + 1 : second + 3] == [
        "    updates   4 of 5: client-0 (1,440), client-1 (1,440), client-3 (1,440), client-4 (1,440);"
        " missing client-2",
        "    model     version 2  4a5676f8daa76; committee's median 0.9001, test split 0.9100;"
        " 1,083,000 gas up to its end",
    ]
    assert lines[third + 1].endswith("client-4 (1,440); refused: client-4 WRONG_BASE")
    assert [line.split("  ", 1)[1] for line in lines[first + 3 : second]] == [
        "cmd    key: model.approve  dltui model approve 1",
        "model  version 1 approved by operator",
        "client client-2 (pid 4102) was ended by SIGKILL",
        "alert  client-2 ended - R restarts it",
        "client client-2 is late: no submit in r2 by the deadline",
    ]


def test_a_quiet_narration_holds_trouble_and_the_end_only() -> None:
    _, _, err = told(replay(), level="quiet")
    assert [line.split("  ", 1)[1] for line in err.splitlines()] == [
        "client client-2 (pid 4102) was ended by SIGKILL",
        "alert  client-2 ended - R restarts it",
        "client client-2 is late: no submit in r2 by the deadline",
        "client client-2 missed r2, 1 in a row",
        "model  version 3 rejected by operator, next base is version 2",
        "run    run done, exit code 0",
    ]


def test_the_block_of_a_round_names_who_what_and_how_long() -> None:
    _, _, err = told(replay(), level="verbose")
    lines = err.splitlines()
    at = next(n for n, line in enumerate(lines) if "round 2 finalised after" in line)
    assert lines[at].endswith("round 2 finalised after 4.2 s")
    assert [line.rstrip() for line in lines[at + 1 : at + 9]] == [
        "    updates   4 of 5: client-0 (1,440), client-1 (1,440), client-3 (1,440), client-4 (1,440)",
        "    missing   client-2",
        "    verdicts  4 included",
        "    committee client-1, client-3 and client-4; 3 of 3 attested",
        "    accuracy  committee's median 0.9001, test split 0.9100",
        "    model     version 2  4a5676f8daa765cfdbc4484f143dfdceeae84dc5d619ba22db07b2ceca66cd47",
        "    gas       1,083,000 in 13 transactions, 0.001083 ether",
        "    time      training 1.5 s, chain 0.8 s, store 0.1 s, aggregation 0.2 s, attestation 0.5 s, waiting 1.1 s",
    ]
    assert "    verdicts  4 included, refused: client-4 WRONG_BASE" in lines
    assert err.count("round 1 finalised after") == 1


def test_facts_are_told_in_order_one_line_each() -> None:
    _, _, err = told(replay(), level="verbose")
    wanted = [
        "chain  embedded chain ready on port 8545, chain id 31337",
        "[1/2] Round 1",
        "round  r2 opened from version 1: 5 clients, committee client-1, client-3 and client-4",
        "client client-2 (pid 4102) was ended by SIGKILL",
        "client client-2 is late: no submit in r2 by the deadline",
        "cmd    key: model.approve  dltui model approve 2",
        "model  version 3 rejected by operator, next base is version 2",
        "run    run done, exit code 0",
    ]
    places = [err.index(words) for words in wanted]
    assert places == sorted(places)
    for silent in ("block 1 ", "train r1", "  submit  "):
        assert silent not in err


def test_the_tables_hold_the_figures_of_the_receipts() -> None:
    _, out, _ = told(replay())
    rows = [line.split() for line in out.splitlines()]
    assert ["v2", "released", "4a5676f8daa7…cd47", "2", "0.9001", "0.9100"] in rows
    assert ["v3", "rejected", "014fc76af3a4…5d09", "3", "0.9201", "0.9300"] in rows
    assert ["submit", "14", "1,148,000", "9.4", "%", "0.001148"] in rows
    assert ["client-1", "10", "859,000", "7.0", "%", "0.000859"] in rows
    assert ["round", "2", "15", "1,191,210", "9.7", "%", "0.001191"] in rows
    assert ["2", "finalised", "4/5", "4.25", "1.50", "0.75", "0.12", "0.25", "0.50", "1.12"] in rows
    assert rows.count(["all", "68", "12,260,420", "0.012260"]) == 3
    assert out.splitlines()[-1] == "run story finished 3/3 rounds, acc 0.930, 12.3M gas - dltui replay story"


def test_every_table_fits_80_columns() -> None:
    _, out, _ = told(replay())
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 80


def test_foreign_text_is_told_and_never_acted_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", clock=lambda: 1_795_478_400.0)
    journal.append(ev.RunStarted(run=HOSTILE, version=HOSTILE, seed=1, rounds=1, config={HOSTILE: HOSTILE}))
    journal.append(ev.ClientPending(id=HOSTILE, address=HOSTILE, name=HOSTILE))
    journal.append(
        ev.TxReverted(
            hash="0x", function=HOSTILE, sender=HOSTILE, address="", block=1, gas_used=1, fee=1, reason=HOSTILE
        )
    )
    journal.append(
        ev.RoundOpened(
            round=1,
            base=0,
            base_digest="",
            plan_hash="",
            selected=(HOSTILE,),
            committee=(HOSTILE,),
            seed="",
            deadline=1,
        )
    )
    journal.append(ev.RoundAborted(round=1, attempt=0, reason=HOSTILE))
    journal.append(ev.RunAlert(id=HOSTILE, severity=HOSTILE, text=HOSTILE, hint=HOSTILE))
    journal.append(ev.DemoStep(n=1, of=1, title=HOSTILE, text=HOSTILE))
    journal.append(ev.RunFinished(status="failed", exit_code=1, reason=HOSTILE))
    for format in ("text", "jsonl"):
        code, out, err = told(ReplaySession(tmp_path), format)
        assert code == 1
        assert "[/x][red]evil" in err
        assert all(char.isprintable() or char == "\n" for char in out + err)


def test_a_wait_is_named_after_a_silence_and_again_after_the_next() -> None:
    events = story()
    opened = next(n for n, event in enumerate(events) if event.kind == "round.opened") + 1
    session = Recorded([events[:opened], *[[] for _ in range(250)], events[opened:]])
    _, _, err = told(session)
    waits = [line.strip() for line in err.splitlines() if "... waiting" in line]
    assert len(waits) == 2
    assert waits[0].startswith("... waiting for 5 updates from client-0, client-1, client-2, client-3 and client-4, ")
    assert waits[0].endswith("then it aborts unless 2 updates came")


def test_an_alert_that_only_changes_its_words_is_told_once() -> None:
    def alert(seq: int, text: str) -> Event:
        return Event(seq, "2026-11-24T00:00:00.000Z", ev.RunAlert(id="pending", severity="warning", text=text))

    cleared = Event(3, "2026-11-24T00:00:00.000Z", ev.RunAlertCleared(id="pending"))
    end = Event(5, "2026-11-24T00:00:00.000Z", ev.RunFinished(status="done", exit_code=0))
    _, _, err = told(Recorded([[alert(1, "first"), alert(2, "second"), cleared, alert(4, "third"), end]]))
    assert "first" in err and "second" not in err and "third" in err


def test_an_alert_that_is_held_or_is_held_no_more_is_told_again() -> None:
    def alert(seq: int, **fields: Any) -> Event:
        text = "1 client can take part"
        return Event(
            seq, "2026-11-24T00:00:00.000Z", ev.RunAlert(id="starved", severity="warning", text=text, **fields)
        )

    end = Event(6, "2026-11-24T00:00:00.000Z", ev.RunFinished(status="failed", exit_code=1))
    turns = [alert(1, until=9), alert(2, held=True), alert(3, held=True), alert(4, until=99), alert(5, until=199), end]
    _, _, err = told(Recorded([turns]))
    lines = [line.split("  alert  ")[1] for line in err.splitlines() if "  alert  " in line]
    plain = "1 client can take part"
    assert lines == [plain, f"held: a screen is attached: {plain}", plain]


def test_the_narration_the_summary_and_the_screen_tell_the_same_gas_of_a_round() -> None:
    _, _, err = told(replay(), level="verbose")
    state = State()
    for event in story():
        state.apply(event)
    told_gas: dict[int, list[int]] = {}
    number = 0
    for text in err.splitlines():
        if found := re.search(r"round (\d+) (?:finalised|aborted) after", text):
            number = int(found[1])
        if found := re.match(r" +gas +([\d,]+) in", text):
            told_gas.setdefault(number, []).append(int(found[1].replace(",", "")))
    summary = summarise(state, "")["gas"]["by_round"]
    assert {n: row.gas for n, row in state.rounds.items()} == {n: gas[-1] for n, gas in told_gas.items()}
    assert {n: gas[-1] for n, gas in told_gas.items()} == {int(n): row["gas"] for n, row in summary.items() if n != "0"}
    assert any(len(gas) > 1 for gas in told_gas.values()), "a miss was recorded after its round had closed"


def test_a_round_that_was_never_timed_is_told_at_the_end() -> None:
    events = [event for event in story() if event.kind != "round.timed"]
    renumbered = [Event(seq, event.ts, event.data) for seq, event in enumerate(events, start=1)]
    _, _, err = told(Recorded([renumbered]))
    at = {event.kind: event.ts for event in renumbered}
    assert (at["round.opened"], at["round.finalised"]) == ("2026-11-24T00:00:52.500Z", "2026-11-24T00:01:03.250Z")
    assert "round 3 finalised after 11 s" in err
    assert "    time " not in err


@pytest.mark.parametrize("variables", [{}, {"TERM": "dumb"}, {"NO_COLOR": "1"}, {"PYTHONIOENCODING": "ascii"}])
def test_any_pipe_will_do(variables: dict[str, str]) -> None:
    program = (
        "import sys; from pathlib import Path; from dltui.rundir.session import ReplaySession; "
        "from dltui.headless.run import follow; sys.exit(follow(ReplaySession(Path(sys.argv[1]))))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program, str(STORY)],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(root), **variables},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith(b"run story finished 3/3 rounds")
    assert b"round 3 finalised after 4.2 s" in done.stderr
    assert b"\x1b" not in done.stdout + done.stderr
    if "PYTHONIOENCODING" in variables:
        done.stderr.decode("ascii")


def left() -> TextIO:
    """A pipe whose reader has gone."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    return os.fdopen(write_end, "w")


def test_a_reader_of_the_journal_that_leaves_does_not_end_the_run() -> None:
    out, err = left(), io.StringIO()
    assert follow(replay(), "jsonl", out=out, err=err) == 0
    out.close()
    assert err.getvalue().count("nobody reads the journal any more; the run goes on") == 1
    assert "run story finished 3/3 rounds" in err.getvalue()


def test_a_reader_of_the_narration_that_leaves_does_not_end_the_run() -> None:
    out, err = io.StringIO(), left()
    assert follow(replay(), out=out, err=err) == 0
    err.close()
    assert "run story finished 3/3 rounds" in out.getvalue()


def test_a_reader_of_the_tables_that_leaves_is_no_error() -> None:
    out, err = left(), io.StringIO()
    assert follow(replay(), out=out, err=err) == 0
    out.close()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_only_on_a_terminal_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def printed() -> str:
        stream = Terminal()
        console(stream).print("x", style="red")
        return stream.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert printed() == "\x1b[31mx\x1b[0m\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in printed()
    monkeypatch.setenv("TERM", "dumb")
    assert printed() == "x\n"


def test_no_heavy_import() -> None:
    program = (
        "import sys, dltui.headless.run, dltui.demo.director, dltui.core.views; "
        "sys.exit(any(name in sys.modules for name in ('web3', 'torch', 'textual', 'numpy', 'eth_account')))"
    )
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False, timeout=60).returncode == 0
