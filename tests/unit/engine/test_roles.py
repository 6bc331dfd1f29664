"""What a forked process can be: a role has a spec, which is checked, and a function that gets it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dltui.engine import roles
from dltui.engine.roles import ROLES, Role


class Spec(msgspec.Struct, forbid_unknown_fields=True):
    """A toy role's."""

    number: int


def test_a_new_role_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[Any] = []

    def run(spec: Spec, telemetry: int) -> int:
        got.append((spec, telemetry))
        return 3

    monkeypatch.setitem(ROLES, "toy", Role(Spec, run))
    assert roles.carry_out("toy", {"number": 5}, 7) == 3
    assert got == [(Spec(5), 7)]
    for spec in ({"number": "x"}, {"number": 5, "other": 1}, {}):
        with pytest.raises(msgspec.ValidationError):
            roles.carry_out("toy", spec, 7)
    assert len(got) == 1


def test_there_are_clients_and_an_evaluator_and_nothing_else() -> None:
    assert set(ROLES) == {"client", "evaluator"}
    with pytest.raises(KeyError):
        roles.carry_out("stranger", {}, 7)
