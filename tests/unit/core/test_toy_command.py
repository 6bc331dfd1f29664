"""One declaration is all that screen, command line, configuration and docs need, shown by one of the test itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.kits.runs import environment


def test_a_declared_command_is_seen_everywhere(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.kits.toy_command"],
        cwd=Path(__file__).parents[3],
        env=environment(tmp_path, XDG_STATE_HOME=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["footer"] and seen["help"]
    assert seen["confirm"][:3] == [
        "Praise client-0  ->  FLContract.praiseClient(7)",
        "it is glad",
        "est. 64,210 gas (0.000064 ETH) - from op 0xabab…abab",
    ]
    assert seen["confirm"][3] == "the same from a shell:  dltui client praise client-0"
    assert seen["sent"] == [["client.praise", {"client": "client-0"}]]
    assert seen["setting"] == ["f9"]
    assert seen["page"] == ["| `f9` | Praise * | praise the selected client | `praise` |"]
    assert "praise          Tell a client that it did well." in seen["group"]
    assert "no runs yet" in seen["cli"]
