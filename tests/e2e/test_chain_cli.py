"""`dltui chain`: what would be used and why, and an installation that cannot be."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dltui.chain.nodes.anvil import INTEGRITY, PACKAGE
from tests.kits.runs import dltui


def test_show_says_which_engine_why_and_where_it_looked(tmp_path: Path) -> None:
    empty = {"PATH": str(tmp_path), "HOME": str(tmp_path), "XDG_DATA_HOME": "", "DLTUI_CHAIN_ENGINE": "auto"}
    shown = dltui("chain", "show", runs=tmp_path, **empty)
    assert shown.returncode == 0, shown.stderr
    first, *places = shown.stdout.splitlines()
    assert first == "embedded: auto: only keys can act on it, and it needs nothing installed"
    assert [line.split("  ")[1].strip() for line in places] == [
        "[chain] anvil",
        "DLTUI_ANVIL",
        "PATH",
        "node_modules",
        "dltui chain install",
    ]
    fake = tmp_path / "anvil"
    fake.write_text("#!/bin/sh\necho anvil Version: 1.7.1\n")
    fake.chmod(0o755)
    there = {**empty, "DLTUI_ANVIL": str(fake)}
    assert dltui("chain", "show", runs=tmp_path, **there).stdout.startswith("embedded: auto: ")
    shown = dltui("chain", "show", "--chain", "anvil", runs=tmp_path, **there)
    assert shown.stdout.startswith("anvil: any program of this machine can act as the operator on anvil; configured: ")
    assert f"anvil 1.7.1, found through DLTUI_ANVIL ({fake})" in shown.stdout
    open_to_all = {**there, "DLTUI_CHAIN_KEYSTORE": "operator.json"}
    runs = tmp_path / "none"
    runs.mkdir()
    for command in (("chain", "show", "--chain", "anvil"), ("--no-ui", "--chain", "anvil")):
        refused = dltui(*command, runs=runs, **open_to_all)
        assert refused.returncode == 2 and "a keystore protects nothing there" in refused.stderr
    assert list(runs.iterdir()) == []
    wrong = dltui("chain", "show", "--chain", "anvil", runs=tmp_path, **{**empty, "DLTUI_ANVIL": "/nowhere"})
    assert wrong.returncode == 3 and "DLTUI_ANVIL: /nowhere: there is no such anvil" in wrong.stderr
    strange = dltui("chain", "show", "--chain", "geth", runs=tmp_path, **empty)
    assert strange.returncode == 2 and "http:// or https:// address" in strange.stderr


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
def test_install_offline_is_one_line_with_a_way_out(tmp_path: Path) -> None:
    offline = {"HOME": str(tmp_path), "XDG_DATA_HOME": "", "npm_config_registry": "http://127.0.0.1:9"}
    done = dltui("chain", "install", runs=tmp_path, **offline)
    assert done.returncode == 3 and done.stdout == ""
    told, message, hint = done.stderr.splitlines()
    assert told == "asking the npm registry for the checksum of anvil"
    assert message.startswith("error: dltui chain install: npm refused: ") and "ECONNREFUSED" in message
    assert hint == "  try: check the network; the embedded chain needs no download: --chain embedded"
    assert not (tmp_path / ".local" / "share" / "dltui").exists()


def test_install_refuses_another_binary_than_the_pinned_one(tmp_path: Path) -> None:
    """Another binary than the pinned one, from a registry that says it is: refused, and nothing stays."""
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    place = f'"$3/node_modules/{PACKAGE}/bin"'
    npm.write_text(
        f'#!/bin/sh\n[ "$1" = view ] && echo "{INTEGRITY}" && exit 0\nmkdir -p {place} && echo > {place}/anvil\n'
    )
    npm.chmod(0o755)
    env = {"HOME": str(tmp_path), "XDG_DATA_HOME": "", "PATH": f"{npm.parent}:/usr/bin:/bin"}
    done = dltui("chain", "install", runs=tmp_path, **env)
    assert done.returncode == 3 and "SHA-256 differs" in done.stderr
    assert list((tmp_path / ".local" / "share" / "dltui").iterdir()) == []
