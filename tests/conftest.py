"""What all tests share: anvil and cast through npm, short names for parameters, one worker for runs, fixed seeds."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.kits.foundry import provide

LONGEST_ID = 60

settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is collected, and once: the workers inherit the environment."""
    if not hasattr(config, "workerinput") and config.cache is not None:
        provide(config.cache.mkdir("foundry"))


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a long text or blob by its size: the id ends up in the environment, which has a limit."""
    if isinstance(val, (str, bytes)) and len(val) > LONGEST_ID:
        return f"{argname}-{type(val).__name__}-{len(val)}"
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole federations run one after the other: two at once would fight for the same cores."""
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker(pytest.mark.xdist_group("e2e"))
