"""What the tests of the embedded chain begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kits.chain import LocalNode, local_node


@pytest.fixture
def node(tmp_path: Path) -> Iterator[LocalNode]:
    """A node in this process."""
    with local_node(tmp_path) as (node, _):
        yield node
