"""The line on stderr that says what a long command is doing."""

from __future__ import annotations

import io

import pytest

from dltui.cli.progress_line import ProgressLine


class Terminal(io.StringIO):
    """A stderr that is a terminal, or is told to be none."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def told(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> str:
    screen = Terminal(terminal)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    shown = ProgressLine()
    shown.show("executing blocks", 3, 58)
    shown.clear()
    shown.show("loading torch")
    shown.clear()
    shown.clear()
    return screen.getvalue()


def test_a_terminal_shows_what_is_done_and_how_much_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = told(monkeypatch, True)
    assert "executing blocks 3/58" in shown and "loading torch" in shown
    assert "/0" not in shown and "/100" not in shown
    assert shown.rstrip().endswith("\x1b[2K"), "the line is taken away"
    assert capsys.readouterr().out == ""


def test_a_file_gets_a_plain_line_for_each_activity_if_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    file = Terminal(False)
    monkeypatch.setattr("sys.stderr", file)
    shown = ProgressLine(plain=True)
    for step in ("asking", "fetching"):
        shown.show(step)
    shown.clear()
    assert file.getvalue() == "asking\nfetching\n"


def test_a_file_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, False) == ""
