"""Fixtures for contract tests: a federation built once, and given to each test as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kits.contract_world import World


@pytest.fixture(scope="session")
def built() -> World:
    """Five enrolled clients, version 0, a plan with three seats and a quorum of two; no round yet."""
    world = World()
    world.ready()
    return world


@pytest.fixture
def world(built: World) -> Iterator[World]:
    """`built`, put back afterwards."""
    clients = list(built.clients)
    with built.evm.aside():
        yield built
    built.clients = clients
