from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.config.sections import load as load_config
from dltui.demo.expectations import Claim
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
        'still = true\nexpect = [{kind="run.paused"}, {kind="round.aborted", count=0}]\nwithin = 9\n'
    ).beats
    assert (beat.title, beat.text, beat.hold, beat.within) == ("B", "x", 0.5, 9.0)
    assert beat.still and beat.reading_seconds == 5.0
    assert beat.wait == Wait(Claim("update.submitted", 3, {"round": 2, "client": "client-1"}), 5.0)
    assert beat.commands == (Ask("model.approve", {"version": 1}), Ask("run.pause"))
    assert beat.expect == (Claim("run.paused"), Claim("round.aborted", 0))


def test_a_beat_that_only_tells() -> None:
    (beat,) = script(HEAD).beats
    assert (beat.wait, beat.commands, beat.expect, beat.hold) == (None, (), (), 1.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = 'T'", "beat"),
        ("title = 'T'\nbeat = []", "length >= 1"),
        ("titel = 'T'\n" + HEAD, "FILE: no key is called 'titel' - the nearest is title"),
        ("federation = 3\n" + HEAD, "Expected `object`"),
        (
            HEAD + "[federation.runn]\nrounds = 1",
            "unknown key runn.rounds - the nearest valid key is run.rounds",
        ),
        (HEAD + "[federation.run]\nround = 1", "rounds"),
        (HEAD + "txet = 'x'", "FILE: beat 1: no key is called 'txet' - the nearest is text"),
        (HEAD + "holds = 1", "the nearest is hold"),
        (HEAD + "wait = {seconds = 5}", "FILE: beat 1: wait: kind is missing"),
        (HEAD + "wait = {kind = 'round.opend'}", "no event is called 'round.opend' - the nearest is round.opened"),
        (HEAD + "wait = {kind = 'round.opened', rond = 1}", "no field of round.opened is called 'rond'"),
        (HEAD + "wait = {kind = 'round.opened', count = 0}", "count must be at least 1"),
        (HEAD + "wait = {kind = 'round.opened', seconds = 0}", "seconds: Expected `float` > 0"),
        (HEAD + "wait = 3", "Expected `object"),
        (HEAD + "expect = [{kind = 'round.opend'}]", "FILE: beat 1: expect: no event is called 'round.opend'"),
        (HEAD + "expect = [{kind = 'round.opened', seconds = 5}]", "no field of round.opened is called 'seconds'"),
        (
            HEAD + "command = {name = 'client.regster'}",
            "called 'client.regster' - the nearest is client.register",
        ),
        (HEAD + "command = {nam = 'run.stop'}", "FILE: beat 1: command: no key is called 'nam' - the nearest is name"),
        (HEAD + "commands = [{name = 'run.stop', arg = {}}]", "the nearest is args"),
        (HEAD + "command = {name = 'model.approve', args = {verson = 1}}", "model.approve: no key is called 'verson'"),
        (HEAD + "command = {name = 'model.approve', args = {version = 'x'}}", "model.approve: wrong argument"),
        (HEAD + "hold = -1", "hold"),
        (HEAD + "commands = 7", "commands"),
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
    with pytest.raises(ConfigError, match=r"no walkthrough is called 'tuor' - the nearest is tour"):
        load("tuor")
    with pytest.raises(ConfigError, match=r"no.toml: cannot be read \(No such file or directory\) - .*tour"):
        load(str(tmp_path / "no.toml"))
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
