"""The clients of this machine: each gets a free slice, money once, and what it needs of the chain."""

from __future__ import annotations

from typing import Any, cast

import pytest

from dltui.config.sections import load
from dltui.engine import fleet as module
from dltui.engine.fleet import Fleet
from dltui.errors import RunError

ADDRESSES = {"FLContract": "0xf"}


class Workers:
    """Processes that start when they are asked to."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        self.parts: dict[str, int] = {}
        self.down: set[str] = set()
        self.did: list[Any] = []

    def address_of(self, part: int) -> str:
        return f"0x{part}"

    def start_client(self, part: int, endpoint: object, addresses: dict[str, str]) -> str:
        self.did.append((part, endpoint, addresses))
        name = self.names.get(part) or f"client-{part}"
        self.parts[name] = part
        return name

    def restart_client(self, name: str) -> None:
        self.did.append(("restart", name))

    def stop_client(self, name: str, kill: bool) -> int:
        self.did.append(("stop", name, kill))
        return 7

    def is_down(self, name: str) -> bool:
        return name in self.down


@pytest.fixture
def workers() -> Workers:
    return Workers()


@pytest.fixture
def funded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that get money."""
    got: list[str] = []
    monkeypatch.setattr(module, "fund_client", lambda rpc, wallet, address, config: got.append(address))
    return got


@pytest.fixture
def fleet(workers: Workers, funded: list[str]) -> Fleet:
    config = load(None, {}, {"clients.count": 2, "data.parts": 4})
    return Fleet(config, cast(Any, workers), *cast(Any, ("rpc", "wallet", "endpoint")), ADDRESSES)


def test_a_client_is_funded_and_told_where_the_federation_is(fleet: Fleet, workers: Workers, funded: list[str]) -> None:
    assert fleet.start(1) == "client-1"
    assert workers.did == [(1, "endpoint", ADDRESSES)] and funded == ["0x1"] and fleet.local == {"0x1": 1}


def test_a_client_that_has_its_money_gets_no_more(fleet: Fleet, funded: list[str]) -> None:
    fleet.start(1, fund=False)
    assert funded == []


def test_a_new_client_gets_the_first_free_slice_or_the_one_that_is_asked_for(fleet: Fleet) -> None:
    fleet.start(0)
    fleet.start(1)
    assert fleet.start_new("carol") == ("carol", 2)
    assert fleet.start_new("dave", 3) == ("dave", 3)
    with pytest.raises(RunError, match="no slice of the data is left"):
        fleet.start_new("erin")


def test_a_taken_slice_is_refused_with_those_that_are_free(fleet: Fleet, workers: Workers) -> None:
    fleet.start(0)
    with pytest.raises(RunError, match="slice 0 of the data is not free") as refused:
        fleet.start_new("bob", 0)
    assert refused.value.hint == "free: 1, 2, 3" and len(workers.did) == 1


def test_a_client_that_starts_is_not_started_twice(fleet: Fleet) -> None:
    fleet.start_new("bob")
    with pytest.raises(RunError, match="bob has not asked to join yet"):
        fleet.start_new("bob")


def test_who_is_gone_is_a_client_of_this_machine_without_a_process(fleet: Fleet, workers: Workers) -> None:
    fleet.start(0)
    assert not fleet.is_gone("0x0")
    workers.down.add("client-0")
    assert fleet.is_gone("0x0") and not fleet.is_gone("0x1") and not fleet.is_gone("0xstranger")


def test_processes_are_stopped_and_started_again(fleet: Fleet, workers: Workers) -> None:
    assert fleet.stop("client-0", kill=True) == 7
    fleet.restart("client-0")
    assert workers.did == [("stop", "client-0", True), ("restart", "client-0")]
