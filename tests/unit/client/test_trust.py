"""A client finds out by itself where it is: a wrong federation, other code, a node that lies, a node that is away."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dltui.chain.contracts import abi
from dltui.chain.contracts.bound import DataRegistry, FLContract, ModelRegistry, deploy_call
from dltui.chain.contracts.federation_check import check_federation
from dltui.chain.nodes.endpoint import MAX_FEE_GWEI, Endpoint
from dltui.chain.rpc import Rpc
from dltui.chain.wallet import Wallet
from dltui.client import participant
from dltui.client.participant import Participant
from dltui.client.spec import ClientSpec
from dltui.client.telemetry import Telemetry
from dltui.config.sections import load
from dltui.engine.deployment import Federation, deploy
from dltui.engine.specs import client_spec
from dltui.errors import ChainError
from dltui.protocol.demo_keys import Key
from dltui.rundir.paths import RunPaths
from tests.kits.chain import ADDRESSES, CHAIN_ID, KEYS, LocalNode, local_node

FEDERATION_ID = b"\x77" * 32
ELSEWHERE = "0x" + "99" * 20


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalNode, Rpc, Federation]]:
    with local_node(tmp_path_factory.mktemp("net")) as (node, rpc):
        yield node, rpc, deploy(rpc, Wallet(rpc, KEYS[0], CHAIN_ID), FEDERATION_ID, 1, {})


class Liar:
    """A node that answers as the real one, but for the code of one address or the result of one function."""

    def __init__(self, rpc: Rpc, code: dict[str, str], results: dict[str, bytes]) -> None:
        self._rpc, self._code, self._results = rpc, code, results

    def call(self, method: str, *params: Any) -> Any:
        if method == "eth_getCode" and params[0] in self._code:
            return self._code[params[0]]
        if method == "eth_call" and (result := self._results.get(params[0]["data"][2:10])):
            return "0x" + result.hex()
        return self._rpc.call(method, *params)


def selector(contract: str, function: str) -> str:
    return abi.entries(contract, "function")[function].encode(()).hex()


def checked(rpc: Any, federation: Federation, federation_id: bytes = FEDERATION_ID) -> None:
    fl, models, data = federation.fl.address, federation.models.address, federation.data.address
    check_federation(FLContract(rpc, fl), (ModelRegistry(rpc, models), DataRegistry(rpc, data)), federation_id)


def test_the_federation_itself_is_taken(net: tuple[LocalNode, Rpc, Federation]) -> None:
    _, rpc, federation = net
    checked(rpc, federation)
    checked(Liar(rpc, {}, {}), federation)


@pytest.mark.parametrize("name", ["fl", "models", "data"])
def test_other_code_is_refused(net: tuple[LocalNode, Rpc, Federation], name: str) -> None:
    _, rpc, federation = net
    contract = getattr(federation, name)
    code = str(rpc.call("eth_getCode", contract.address, "latest"))
    for other in ("0x", code[:-2], code[:200] + "00" + code[202:], "0x60016001"):
        with pytest.raises(ChainError, match=f"the code there is not {contract.name} as shipped") as caught:
            checked(Liar(rpc, {contract.address: other}, {}), federation)
        assert caught.value.where == contract.address


@pytest.mark.parametrize(
    ("contract", "function", "answer", "message"),
    [
        ("FLContract", "federationId", b"\x78" * 32, "is federation 7878"),
        ("FLContract", "modelRegistry", bytes(12) + b"\x99" * 20, "is not the ModelRegistry that the FLContract names"),
        ("FLContract", "dataRegistry", bytes(12) + b"\x99" * 20, "is not the DataRegistry that the FLContract names"),
        ("ModelRegistry", "federation", bytes(32), "takes its entries from 0x0000"),
        ("FLContract", "federationId", b"\x77" * 31, "no FLContract answers there"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    net: tuple[LocalNode, Rpc, Federation], contract: str, function: str, answer: bytes, message: str
) -> None:
    _, rpc, federation = net
    with pytest.raises(ChainError, match=message):
        checked(Liar(rpc, {}, {selector(contract, function): answer}), federation)


def test_registries_of_another_federation_are_refused(net: tuple[LocalNode, Rpc, Federation]) -> None:
    """Nobody has to lie: shipped code, wired to another FLContract."""
    _, rpc, federation = net
    wallet = Wallet(rpc, KEYS[1], CHAIN_ID)
    models, data = (wallet.send(deploy_call(n, wallet.address)) for n in ("ModelRegistry", "DataRegistry"))
    mine = deploy_call(
        "FLContract", FEDERATION_ID, bytes(31) + b"\x01", models.contract_address, data.contract_address, wallet.address
    )
    fl = FLContract(rpc, str(wallet.send(mine).contract_address))
    with pytest.raises(ChainError, match="is not the ModelRegistry that the FLContract names"):
        check_federation(fl, federation.registries, FEDERATION_ID)
    with pytest.raises(ChainError, match="takes its entries from 0x0000"):
        check_federation(fl, (fl_models(rpc, fl), DataRegistry(rpc, fl.data_registry())), FEDERATION_ID)


def fl_models(rpc: Rpc, fl: FLContract) -> ModelRegistry:
    return ModelRegistry(rpc, fl.model_registry())


def client(folder: Path, url: str, federation: Federation | None, federation_id: bytes = FEDERATION_ID) -> Participant:
    """A client with a key of its own on the node at `url`."""
    config = load(flags={"model.name": "linear", "clients.count": 200})
    endpoint = Endpoint(url, CHAIN_ID, federation_id=federation_id.hex())
    names = ("FLContract", "ModelRegistry", "DataRegistry")
    addresses = federation.addresses if federation else dict.fromkeys(names, ELSEWHERE)
    spec = client_spec(config, RunPaths(folder), 3, Key(KEYS[5], ADDRESSES[5], KEYS[5]), endpoint, addresses)
    return Participant(msgspec.convert(spec, ClientSpec), Telemetry(None))


def test_a_client_signs_nothing_for_another_federation(net: tuple[LocalNode, Rpc, Federation], tmp_path: Path) -> None:
    node, rpc, federation = net
    stranger = client(tmp_path, node.url, federation, b"\x01" * 32)
    for _ in range(2):
        with pytest.raises(ChainError, match="is federation 7777777777777777…, not 0101010101010101…"):
            stranger.step()
    assert rpc.call("eth_getTransactionCount", ADDRESSES[5], "latest") == "0x0"
    ours = client(tmp_path, node.url, federation)
    assert ours.step()
    assert rpc.call("eth_getTransactionCount", ADDRESSES[5], "latest") == "0x1"
    assert federation.fl.client_by_address(ADDRESSES[5]).status.name == "PENDING"


def test_a_client_without_its_node_asks_ever_less_and_starts_with_it(
    net: tuple[LocalNode, Rpc, Federation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten minutes without a node, by the clock that the pauses make: some 160 tries, where there were 12,000."""
    node, _, federation = net
    pauses: list[float] = []
    monkeypatch.setattr(participant.time, "sleep", pauses.append)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
    waiting = client(tmp_path, nowhere, federation)
    while sum(pauses) < 600:
        assert waiting.step()
    assert len(pauses) < 250 and max(pauses) <= 5.0
    assert all(0.05 * 2**n <= pause <= 0.1 * 2**n for n, pause in enumerate(pauses[:5]))
    waiting._rpc._port = node.server.server_port
    assert waiting.step() and waiting._backoff.failed() <= 0.1


def test_a_node_that_names_any_fee_gets_no_transaction(net: tuple[LocalNode, Rpc, Federation]) -> None:
    _, rpc, _ = net
    asked: list[str] = []

    class Dear(Rpc):
        def call(self, method: str, *params: Any) -> Any:
            asked.append(method)
            answer = super().call(method, *params)
            return answer | {"baseFeePerGas": hex(10**15)} if method == "eth_getBlockByNumber" else answer

    with Dear(rpc.url) as dear, pytest.raises(ChainError, match=r"more than .* max_fee_gwei = 500"):
        Wallet(dear, KEYS[6], CHAIN_ID, max_fee=int(MAX_FEE_GWEI * 10**9)).transfer(ELSEWHERE, 1)
    assert not any(method.startswith("eth_send") for method in asked)
