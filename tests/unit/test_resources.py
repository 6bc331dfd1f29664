"""What ships with the program is found in a checkout and in a wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltui import resources
from dltui.errors import ConfigError
from dltui.resources import top


def test_what_ships_is_found_in_a_checkout_and_in_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (top("demos") / "tour.toml").is_file()
    package = tmp_path / "dltui"
    (package / "_top" / "demos").mkdir(parents=True)
    monkeypatch.setattr(resources, "__file__", str(package / "resources.py"))
    assert top("demos") == package / "_top" / "demos"
    with pytest.raises(ConfigError, match="missing from this installation"):
        top("config.toml")
