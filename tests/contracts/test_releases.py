"""Code that an earlier release deployed is recognised and read, and gets no new rounds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from eth_abi import encode
from eth_utils import keccak

import dltui
from dltui.chain.contracts import abi, artifacts, releases
from dltui.chain.contracts.bound import DataRegistry, FLContract, ModelRegistry
from dltui.chain.contracts.describe import deployed_name, deployment
from dltui.chain.history.txlog import TxLog
from dltui.chain.transactions import decode_transaction
from dltui.chain.types import Call
from dltui.errors import ChainError
from tests.kits.contract_evm import Evm, Sent, address
from tests.kits.contract_world import FEDERATION_ID, SEED, digest
from tests.kits.recorded import unpack

ADMIN = address("admin")


def recorded(release: str, folder: Path) -> dict[str, bytes]:
    """The creation code of a release by contract, without arguments, as a run of that release recorded it."""
    log = TxLog(unpack(f"{release}/embedded", folder).txs)
    sent = [decode_transaction(raw, 31_337) for record in log.read() for raw in record.txs]
    made = [(tx.data, found) for tx in sent if not tx.to and (found := deployment(tx.data)) is not None]
    codes = {name: data[: len(data) - len(arguments)] for data, (name, arguments) in made}
    assert sorted(codes) == ["DataRegistry", "FLContract", "ModelRegistry"]
    return codes


@pytest.fixture(scope="module", params=releases.names())
def release(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, bytes]]:
    """An earlier release, and its creation code by contract."""
    return request.param, recorded(request.param, tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def creations(release: tuple[str, dict[str, bytes]]) -> dict[str, bytes]:
    """The creation code of an earlier release by contract."""
    return release[1]


def deploy(evm: Evm, codes: dict[str, bytes], name: str, *args: object) -> Sent:
    return evm.send(
        ADMIN, Call(name, "constructor", None, codes[name] + encode(abi.constructor(name), args), 9_000_000)
    )


def test_creation_code_of_an_earlier_release_is_told_with_its_arguments(creations: dict[str, bytes]) -> None:
    for name, code in creations.items():
        assert releases.creation(code + b"arguments") == deployment(code + b"arguments") == (name, b"arguments")
        assert deployed_name(code) == name
        assert deployment(code[:-1]) is None
        assert deployment(code[:-1] + bytes([code[-1] ^ 1])) is None
    assert deployment(b"") is None


def test_this_release_is_none_of_the_earlier_ones(creations: dict[str, bytes]) -> None:
    """Else a refusal would name the release that refuses."""
    assert dltui.__version__ not in releases.names()
    assert releases.names() == ("0.1.0", "0.2.0")
    assert artifacts.artifact("FLContract").bytecode != creations["FLContract"]


def test_rounds_on_the_code_of_an_earlier_release_are_refused_with_its_name(
    release: tuple[str, dict[str, bytes]],
) -> None:
    evm, (name, creations) = Evm(), release
    models = ModelRegistry(evm, deploy(evm, creations, "ModelRegistry", ADMIN).created)
    data = DataRegistry(evm, deploy(evm, creations, "DataRegistry", ADMIN).created)
    made = deploy(evm, creations, "FLContract", FEDERATION_ID, SEED, models.address, data.address, ADMIN)
    fl = FLContract(evm, made.created)
    changed = [each for each in (fl, models, data) if artifacts.artifact(each.name).bytecode != creations[each.name]]
    assert fl in changed
    for contract in changed:
        with pytest.raises(ChainError, match=rf"is that of release {re.escape(name)}: this release opens no") as caught:
            contract.verify_code()
        assert caught.value.where == contract.address and "verified here" in (caught.value.hint or "")
    with pytest.raises(ChainError, match="is not ModelRegistry as shipped"):
        ModelRegistry(evm, data.address).verify_code()
    assert fl.model_registry() == models.address and fl.federation_id() == FEDERATION_ID


def test_what_the_admin_could_do_there(tmp_path: Path) -> None:
    """The fault that the present code mends: with a role of its own making the admin registers what it likes."""
    evm, creations = Evm(), recorded("0.1.0", tmp_path)
    models = ModelRegistry(evm, deploy(evm, creations, "ModelRegistry", ADMIN).created)
    evm.send(ADMIN, models.genesis(digest(0)))
    evm.send(ADMIN, models.grant_role(keccak(text="FL_ROLE"), ADMIN))
    assert evm.send(ADMIN, models.register(digest(1), 9_999, 1, 0b111)).args("VersionRegistered")["version"] == 1
