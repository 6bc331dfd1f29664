"""What all tests share: short names for long parameters."""

from __future__ import annotations

import pytest

LONGEST_ID = 60


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a long text or blob by its size: the id ends up in the environment, which has a limit."""
    if isinstance(val, (str, bytes)) and len(val) > LONGEST_ID:
        return f"{argname}-{type(val).__name__}-{len(val)}"
    return None
