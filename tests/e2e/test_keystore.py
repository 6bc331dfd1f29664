"""A run of a keystore on a chain of its own: its chain id, its clients' keys, and who may read what it leaves."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account

from dltui.chain.nodes.genesis import own_chain_id
from dltui.core import events as ev
from dltui.protocol.demo_keys import client_key
from tests.kits.runs import Run, dltui, make

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def cores() -> dict[int, list[str]]:
    """The most bytes, soft and hard, that a core file of each process may have; the run fills it in."""
    return {}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, cores: dict[int, list[str]]) -> Iterator[Run]:
    """One round of two clients. Tests that change it put it back."""
    folder = tmp_path_factory.mktemp("keystore")
    keystore = folder / "operator.json"
    keystore.write_text(json.dumps(Account.encrypt(b"\x31" * 32, PASSWORD, kdf="pbkdf2", iterations=10)))
    keystore.chmod(0o600)
    paths = make(folder / "runs", chain__keystore=str(keystore), run__rounds=1, clients__count=2)
    made = Run(paths, password=PASSWORD)
    try:
        made.until(ev.RoundOpened, seconds=90)
        node = made.of(ev.ChainReady)[0].pid
        for pid in (made.engine.pid, node, *(event.pid for event in made.of(ev.ClientSpawned))):
            limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
            cores[pid or 0] = next(line.split()[4:6] for line in limits if line.startswith("Max core file size"))
        assert made.finish(90) == 0, made.story()
        yield made
    finally:
        made.stop()


def test_its_chain_id_is_that_of_its_federation_and_verify_holds_it_to_that(run: Run) -> None:
    told = json.loads(run.paths.run_json.read_bytes())
    expected = own_chain_id(0, "operator.json", bytes.fromhex(told["federation_id"]))
    assert run.of(ev.ChainReady)[0].chain_id == expected >= 2**32
    runs = run.paths.root.parent
    checked = dltui("verify", str(run.paths.root), runs=runs)
    assert checked.returncode == 0, checked.stderr
    whole = run.paths.run_json.read_bytes()
    try:
        run.paths.run_json.write_text(json.dumps(told | {"federation_id": "ab" * 32}))
        checked = dltui("verify", str(run.paths.root), runs=runs)
        assert checked.returncode == 4
        assert f"names a federation with chain id {2**32 + 0xABABABAB}, genesis has" in checked.stderr
    finally:
        run.paths.run_json.write_bytes(whole)


def test_its_clients_have_keys_and_salts_that_no_seed_gives(run: Run) -> None:
    rows = json.loads((run.paths.keys / "clients.json").read_bytes())["keys"]
    assert [path.name for path in run.paths.keys.iterdir()] == ["clients.json"]
    keys = {row["key"][2:] for row in rows.values()} | {row["salt"][2:] for row in rows.values()}
    assert len(keys) == 4 and not keys & {client_key(1, part).secret.hex() for part in range(2)}
    assert {event.address for event in run.of(ev.ClientSpawned)} == {row["address"] for row in rows.values()}
    for path in run.paths.root.rglob("*"):
        if path.is_file() and path.parent != run.paths.keys:
            data = path.read_bytes()
            assert not any(key.encode() in data for key in keys) and PASSWORD.encode() not in data, path


def test_no_process_of_it_leaves_its_keys_in_a_core_file(run: Run, cores: dict[int, list[str]]) -> None:
    assert len(cores) == 4 and set(map(tuple, cores.values())) == {("0", "0")}


def test_nobody_else_may_read_any_file_of_it(run: Run) -> None:
    written: list[Path] = [run.paths.root, *run.paths.root.rglob("*")]
    open_to_others = {path: oct(mode) for path in written if (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077}
    assert open_to_others == {} and len(written) > 20
