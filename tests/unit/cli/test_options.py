"""Flags: each sets its key, tells its default, and there is one for whatever a walkthrough sets."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from dltui.cli import options
from dltui.cli.main import app
from dltui.cli.options import flags
from dltui.config.sections import Config, load
from dltui.demo.script import available
from dltui.demo.script import load as script
from dltui.errors import ConfigError


def test_help_tells_every_default() -> None:
    shown = " ".join(CliRunner().invoke(app, ["--help"], env={"TERM": "dumb"}).stdout.split())
    config = Config()
    watched = {
        "run.rounds": "; with a screen 10",
        "rounds.require_approval": "; with a screen yes",
        "data.partition": "; with a screen outlier",
    }
    for key, text in options._FLAGS.values():
        section, field = key.split(".")
        default = getattr(getattr(config, section), field)
        said = ("yes" if default else "no") if isinstance(default, bool) else str(default)
        said += watched.get(key, "")
        assert f"{text} [default: {said}]" in shown


def test_each_key_of_a_walkthrough_has_a_flag() -> None:
    named = {key for key, _ in options._FLAGS.values()}
    for name in available():
        for section, values in script(name).federation.items():
            assert {f"{section}.{key}" for key in values} <= named


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("run.rounds=3", 3),
        ("clients.restart=true", True),
        ("training.learning_rate=0.5", 0.5),
        ("model.name=cnn", "cnn"),
        ('clients.names=["a", "b"]', ("a", "b")),
        ("data.dataset=a=b.npz", "a=b.npz"),
    ],
)
def test_set_reaches_every_key(words: str, value: Any) -> None:
    section, key = words.partition("=")[0].split(".")
    assert getattr(getattr(load(flags=flags({"set_key": [words]})), section), key) == value


def test_a_flag_of_its_own_goes_before_set() -> None:
    assert flags({"rounds": 4, "set_key": ["run.rounds=3"]}) == {"run.rounds": 4}


@pytest.mark.parametrize("words", ["rounds=3", "run.rounds", "", "\x1b[2J=1"])
def test_what_sets_no_key_is_said(words: str) -> None:
    with pytest.raises(ConfigError, match=r"--set: .* sets no key - --set section\.key=value"):
        flags({"set_key": [words]})
    with pytest.raises(ConfigError, match=r"unknown key run\.ronds - the nearest valid key is run\.rounds"):
        load(flags=flags({"set_key": ["run.ronds=3"]}))
