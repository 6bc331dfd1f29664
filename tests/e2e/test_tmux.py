"""The walkthrough in a real terminal, driven by keys alone."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kits.runs import environment

SECONDS = 150.0
LOOK = 0.1
CAPTION = re.compile(r"^▌ (\d+)/(\d+) (.+?)\s{2,}", re.MULTILINE)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux on this machine"),
]


class Tmux:
    """A terminal of 120 by 40 in a server of its own."""

    def __init__(self, socket: Path) -> None:
        self._command = ["tmux", "-f", os.devnull, "-S", str(socket)]

    def __call__(self, *words: str) -> str:
        """What one tmux command says."""
        done = subprocess.run([*self._command, *words], capture_output=True, text=True, timeout=10, check=True)
        return done.stdout

    def screen(self) -> str:
        """The text on the terminal."""
        return self("capture-pane", "-p")

    def until(self, seen: Callable[[str], object], what: str) -> str:
        """The screen that first fits; looked at with a deadline."""
        end = time.monotonic() + SECONDS
        while not seen(screen := self.screen()):
            assert time.monotonic() < end, f"never saw {what}:\n{screen}"
            time.sleep(LOOK)
        return screen


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    terminal = Tmux(tmp_path / "tmux")
    told = {**environment(tmp_path / "runs"), "LANG": "C.UTF-8"}
    program = shlex.join([sys.executable, "-m", "dltui", "demo", "--speed", "4"])
    variables = [f"{key}={told[key]}" for key in ("DLTUI_RUNS", "DLTUI_CHAIN_ENGINE", "LANG", "PATH")]
    shell = f"cd {shlex.quote(str(tmp_path))}; {program}; echo left with $?; exec sh"
    terminal(
        "-u",
        "new-session",
        "-d",
        "-x",
        "120",
        "-y",
        "40",
        shlex.join(["env", "-u", "COLUMNS", "-u", "LINES", *variables, "sh", "-c", shell]),
    )
    yield terminal
    terminal("kill-server")


def beat(screen: str) -> int:
    """The number of the beat on the screen; 0 where there is none."""
    found = CAPTION.search(screen)
    return int(found[1]) if found else 0


def test_the_whole_tour_by_keys_alone(tmux: Tmux) -> None:
    first = tmux.until(lambda text: beat(text) >= 3, "the third beat")
    tmux("send-keys", ",")
    back = tmux.until(lambda text: 0 < beat(text) < beat(first), "the beat before")
    assert "▲" in back
    tmux("send-keys", "end")
    tmux.until(lambda text: beat(text) >= beat(first), "the present")
    tmux("send-keys", "Enter")
    tmux.until(lambda text: "paused" in text, "that it is held")
    tmux("send-keys", "Enter")
    seen: dict[int, str] = {}
    while 15 not in seen:
        screen = tmux.until(lambda text: beat(text) not in (0, *seen), "the next beat")
        seen[beat(screen)] = screen
        tmux("send-keys", ".")
    tmux.until(lambda text: "look around, q leaves" in text, "that the screen stays")
    tmux("send-keys", "q")
    tmux.until(lambda text: "left with 0" in text, "the end")
    assert list(seen)[-12:] == list(range(4, 16))
    assert "client-2 was ended by SIGKILL" in seen[10]
    assert "verified" in screen and "╭─ 1 Round" not in screen
