"""A run goes on under the configuration that it began with."""

from __future__ import annotations

from typing import Any

import pytest

from dltui.config.sections import Config, load
from dltui.core import events as ev
from dltui.core.events import Event
from dltui.errors import ConfigError
from dltui.rundir.metadata import check_config


def began(config: Config, **sections: Any) -> Event:
    started = ev.RunStarted(run="r", version="1", seed=7, rounds=3, config={**config.sections(), **sections})
    return Event(1, "2026-01-01T00:00:00.000Z", started)


def test_the_same_configuration_is_taken_also_where_a_key_is_newer_than_the_run() -> None:
    config = load(flags={"training.learning_rate": 0.2, "keys.quit": "f9"})
    check_config(config, began(config), "config.toml")
    older = dict(config.sections()["training"])
    del older["prox_mu"]
    check_config(config, began(config, training=older), "config.toml")


def test_a_changed_key_is_named_with_both_values() -> None:
    config = load(flags={"training.learning_rate": 0.2})
    with pytest.raises(ConfigError, match=r"training.learning_rate is 0.2, and the run began with 0.05") as caught:
        check_config(config, began(load()), "config.toml")
    assert caught.value.where == "config.toml" and "put it back" in caught.value.hint


@pytest.mark.parametrize(("now", "then"), [({"keys.quit": "f9"}, {}), ({}, {"keys.quit": "f9"})])
def test_a_section_that_came_or_went_counts(now: dict[str, str], then: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"keys.quit"):
        check_config(load(flags=now), began(load(flags=then)), "config.toml")


def test_a_journal_that_does_not_say_how_the_run_began_is_refused() -> None:
    with pytest.raises(ConfigError):
        check_config(load(), Event(1, "2026-01-01T00:00:00.000Z", ev.RunResumed(by="engine")), "config.toml")
