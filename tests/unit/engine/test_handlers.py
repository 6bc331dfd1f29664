"""Every declared command has one handler in the engine, and every handler a declaration."""

from __future__ import annotations

from dltui.core.commands import COMMANDS
from dltui.engine.calls import _CALLS
from dltui.engine.live_verify import CHECKS
from dltui.engine.operator import _HANDLERS

BY_THE_LOOP = {"demo.step", "demo.hold", "run.hold"}
"""Commands about the run's own pace: the engine's loop answers them, because they are also for a run that comes up."""


def test_every_command_has_exactly_one_handler_and_every_handler_a_declaration() -> None:
    queries = [command.name for command in COMMANDS.values() if command.query]
    assert sorted([*_HANDLERS, *CHECKS, *queries, *BY_THE_LOOP]) == sorted(COMMANDS)


def test_the_commands_that_send_transactions_are_those_that_declare_one() -> None:
    assert set(_CALLS) == {command.name for command in COMMANDS.values() if command.transaction}


def test_the_checks_are_those_that_declare_what_they_check() -> None:
    assert set(CHECKS) == {command.name for command in COMMANDS.values() if command.checks}
