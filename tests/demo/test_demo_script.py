from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.config import load as load_config
from dltui.core import events as ev
from dltui.core.events import Event
from dltui.demo.script import Ask, Script, Wait, available, load, parse
from dltui.errors import ConfigError

TS = "2026-11-24T00:00:00.000Z"
HEAD = 'title = "T"\n[[beat]]\ntitle = "B"\ntext = "x"\n'


def script(text: str) -> Script:
    return parse(text.encode(), "FILE")


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as error:
        script(text)
    assert error.value.exit_code == 2
    return str(error.value)


def test_a_beat_in_full() -> None:
    (beat,) = script(
        HEAD + 'wait = {kind="update.submitted", round=2, client="client-1", count=3, seconds=5}\n'
        'command = {name="model.approve", args={version=1}}\ncommands = [{name="run.pause"}]\nhold = 0.5\n'
    ).beats
    assert (beat.title, beat.text, beat.hold) == ("B", "x", 0.5)
    assert beat.wait == Wait("update.submitted", 3, 5.0, {"round": 2, "client": "client-1"})
    assert beat.wait is not None and beat.wait.text == "3 x update.submitted round=2 client=client-1"
    assert beat.commands == (Ask("model.approve", {"version": 1}), Ask("run.pause"))


def test_a_beat_that_only_tells() -> None:
    (beat,) = script(HEAD).beats
    assert (beat.wait, beat.commands, beat.hold) == (None, (), 1.5)


def test_what_a_wait_matches() -> None:
    wait = Wait("client.late", fields={"id": "a", "round": 1})
    assert wait.matches(Event(1, TS, ev.ClientLate(id="a", round=1, what="submit")))
    assert not wait.matches(Event(1, TS, ev.ClientLate(id="a", round=2, what="submit")))
    assert not wait.matches(Event(1, TS, ev.ClientMissed(id="a", round=1, misses=1)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = 'T'", "beat"),
        ("title = 'T'\nbeat = []", "length >= 1"),
        ("titel = 'T'\n" + HEAD, "titel"),
        (HEAD + "txet = 'x'", "txet"),
        (HEAD + "wait = {seconds = 5}", "FILE: beat 1: wait: Object missing required field `kind`"),
        (HEAD + "wait = {kind = 'round.opend'}", "no event 'round.opend' - the nearest is round.opened"),
        (HEAD + "wait = {kind = 'round.opened', rond = 1}", "round.opened has no field 'rond' - the nearest is round"),
        (HEAD + "wait = {kind = 'round.opened', count = 0}", "wait: Expected `int` >= 1"),
        (HEAD + "wait = {kind = 'round.opened', seconds = 0}", "wait: Expected `float` > 0"),
        (HEAD + "command = {name = 'client.explode'}", "client.explode: unknown command"),
        (HEAD + "command = {name = 'model.approve', args = {version = 'x'}}", "model.approve: wrong argument"),
        (HEAD + "command = {name = 'run.stop', arg = {}}", "arg"),
        (HEAD + "hold = -1", "hold"),
        ("x = [", "Invalid"),
        ("x = " + "[" * 100_000, "FILE: "),
    ],
)
def test_wrong_scripts_are_refused_with_file_and_beat(text: str, message: str) -> None:
    assert message in refused(text)


def test_foreign_text_is_cleaned() -> None:
    told = script('title = "\\u001b[2JT"\n[[beat]]\ntitle = "\\u202eB"\ntext = "[red]x\\u001b]0;t\\u0007"\n')
    assert (told.title, told.beats[0].title, told.beats[0].text) == ("T", "B", "[red]x")


@given(st.binary(max_size=60))
def test_random_bytes_are_a_script_or_an_error_for_people(data: bytes) -> None:
    with pytest.raises(ConfigError):
        parse(data, "FILE")


def test_files_are_found_by_name_or_path(tmp_path: Path) -> None:
    assert "tour" in available()
    file = tmp_path / "mine.toml"
    file.write_text(HEAD)
    assert load(str(file)).title == "T"
    with pytest.raises(ConfigError, match=r"nothing.toml: cannot be read \(No such file or directory\) - .*tour"):
        load("nothing")
    file.write_bytes(b"#" * (1 << 21))
    with pytest.raises(ConfigError, match="larger than"):
        load(str(file))


@pytest.mark.parametrize("name", available())
def test_every_walkthrough_that_ships_has_a_valid_federation_and_ends_in_time(name: str) -> None:
    shipped = load(name)
    config = load_config(flags=shipped.federation)
    assert config.notes == ()
    assert all(beat.text and len(beat.text) <= 118 for beat in shipped.beats)
    assert sum(beat.hold for beat in shipped.beats) < 40
