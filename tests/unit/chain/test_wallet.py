from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_utils import keccak

from dltui.chain.history.receipts import parse_receipt
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import NodeUnreachable, RpcError
from dltui.chain.types import Call, Revert, Reverted
from dltui.chain.wallet import Wallet, demo_key
from dltui.devchain.calls import Caller
from dltui.devchain.deadline import Watch
from dltui.errors import ChainError
from tests.kits.chain import (
    ADDRESSES,
    CHAIN_ID,
    KEYS,
    PROBE_CODE,
    RICH,
    START,
    STRANGER,
    LocalNode,
    calldata,
    local_node,
    raw_address,
    sign,
)

KEY_OF_SEED_1 = "0a1a62a329bc0e79e7b3758535f7e26fb1ccb7166af9c0b70caee068c825faca"


@pytest.fixture
def net(tmp_path: Path) -> Iterator[tuple[LocalNode, Rpc]]:
    with local_node(tmp_path) as pair:
        yield pair


def explain(data: bytes) -> Revert:
    return Revert("Probe", f"data {data.hex()}")


def probe(rpc: Rpc, node: LocalNode) -> tuple[Wallet, Callable[..., Call]]:
    """A wallet and a maker of calls to a Probe contract that it deployed."""
    wallet = Wallet(rpc, KEYS[0], CHAIN_ID, explain)
    receipt = wallet.send(Call("Probe", "constructor", None, PROBE_CODE, 1_000_000))
    assert receipt.contract_address is not None

    def call(signature: str, *args: Any, gas: int = 200_000, value: int = 0) -> Call:
        name = signature.partition("(")[0]
        return Call("Probe", name, receipt.contract_address, calldata(signature, *args), gas, value)

    return wallet, call


class Flaky:
    """An `Rpc` whose answers to sends are lost or replaced, as a script says, after or before they reach the node."""

    def __init__(self, rpc: Rpc, script: list[str]) -> None:
        self.rpc = rpc
        self.script = script
        self.calls: list[str] = []

    def call(self, method: str, *params: Any) -> Any:
        self.calls.append(method)
        if not method.startswith("eth_sendRawTransaction") or not self.script:
            return self.rpc.call(method, *params)
        step = self.script.pop(0)
        if step == "lost before":
            raise NodeUnreachable("gone")
        if step == "no sync":
            raise RpcError(method, -32601, "the method does not exist")
        answer = self.rpc.call(method, *params)
        if step == "lost after":
            raise NodeUnreachable("gone")
        if step == "not yet":
            raise RpcError(method, 4, "not mined yet", params[0])
        return answer


def test_a_transfer_is_one_request_once_fees_and_nonce_are_known(net: tuple[LocalNode, Rpc]) -> None:
    node, rpc = net
    counting = Flaky(rpc, [])
    wallet = Wallet(counting, KEYS[0], CHAIN_ID)  # type: ignore[arg-type]
    first = wallet.transfer(STRANGER, 5)
    assert (first.status, first.gas_used, first.block) == (1, 21_000, 1)
    assert first.sender == ADDRESSES[0].lower() == wallet.address.lower() and first.to == STRANGER
    assert first.fee == RICH - 5 - node.chain.machine.balance(raw_address(0))
    counting.calls.clear()
    assert wallet.transfer(STRANGER, 6).block == 2
    assert counting.calls == ["eth_sendRawTransactionSync"]
    assert node.call("eth_getBalance", STRANGER) == hex(11)


def test_a_contract_is_deployed_and_called(net: tuple[LocalNode, Rpc]) -> None:
    node, rpc = net
    wallet, call = probe(rpc, node)
    receipt = wallet.send(call("ping(uint256,bytes)", 3, b"x", value=2))
    assert receipt.logs[0]["topics"][2] == f"0x{3:064x}"
    assert node.call("eth_getBalance", receipt.to) == "0x2"
    override = wallet.send(call("ping(uint256,bytes)", 3, b"x", value=2), value=40)
    assert override.status == 1 and node.call("eth_getBalance", receipt.to) == "0x2a"


def test_a_mined_revert_names_function_reason_and_receipt(net: tuple[LocalNode, Rpc]) -> None:
    node, rpc = net
    wallet, call = probe(rpc, node)
    with pytest.raises(Reverted) as caught:
        wallet.send(call("failCustom(uint256)", 7))
    expected = keccak(b"Custom(uint256,address)")[:4] + (7).to_bytes(32, "big") + bytes(12) + raw_address(0)
    assert caught.value.revert.text == f"data {expected.hex()}" and caught.value.where == "failCustom"
    assert caught.value.receipt is not None and caught.value.receipt.status == 0
    assert wallet.send(call("store(uint256,uint256)", 1, 2)).status == 1


def test_a_revert_whose_cause_is_gone_after_its_block_is_explained_from_before_it(
    net: tuple[LocalNode, Rpc], monkeypatch: pytest.MonkeyPatch
) -> None:
    node, rpc = net
    wallet, call = probe(rpc, node)
    late = call("notBefore(uint256)", START + 1000)
    original = Caller.call

    def only_before(caller: Caller, message: Any, number: int, timestamp: int | None, watch: Watch) -> Any:
        return original(caller, message, 1 if number == 1 else None, START + 1000 if number != 1 else None, watch)

    monkeypatch.setattr(Caller, "call", only_before)
    with pytest.raises(Reverted) as caught:
        wallet.send(late)
    assert b"too early".hex() in caught.value.revert.text


def test_using_up_the_gas_limit_is_said_so(net: tuple[LocalNode, Rpc]) -> None:
    node, rpc = net
    wallet, call = probe(rpc, node)
    with pytest.raises(Reverted) as caught:
        wallet.send(call("burn()", gas=70_000))
    assert caught.value.revert == Revert("OutOfGas", "the gas limit of 70000 was used up", {"gas": 70_000})


def test_simulate_asks_about_the_next_block_and_sends_nothing(net: tuple[LocalNode, Rpc]) -> None:
    node, rpc = net
    wallet, call = probe(rpc, node)
    poke = call("notBefore(uint256)", START + 100)
    with pytest.raises(Reverted) as caught:
        wallet.simulate(poke)
    assert b"too early".hex() in caught.value.revert.text and caught.value.receipt is None
    node.clock.now = START + 100
    wallet.simulate(poke)
    with pytest.raises(RpcError, match="insufficient funds"):
        wallet.simulate(call("ping(uint256,bytes)", 1, b"", value=2 * RICH))
    assert node.call("eth_blockNumber") == "0x1"


def test_a_refusal_by_the_node_is_an_rpc_error_and_uses_no_nonce(net: tuple[LocalNode, Rpc]) -> None:
    _node, rpc = net
    wallet = Wallet(rpc, KEYS[0], CHAIN_ID)
    with pytest.raises(RpcError, match="insufficient funds"):
        wallet.transfer(STRANGER, 2 * RICH)
    with pytest.raises(RpcError, match="invalid chain id"):
        Wallet(rpc, KEYS[0], 5).transfer(STRANGER, 1)
    assert wallet.transfer(STRANGER, 1).block == 1


@pytest.mark.parametrize(
    ("script", "sends"),
    [
        (["lost after"], 1),
        (["lost before"], 2),
        (["lost before", "lost before", "lost after"], 3),
        (["lost after", "lost after"], 1),
        (["no sync"], 2),
        (["no sync", "lost after"], 2),
        (["not yet"], 1),
    ],
    ids=str,
)
def test_a_lost_answer_never_sends_twice_nor_loses_a_transaction(
    net: tuple[LocalNode, Rpc], script: list[str], sends: int
) -> None:
    node, rpc = net
    flaky = Flaky(rpc, list(script))
    wallet = Wallet(flaky, KEYS[0], CHAIN_ID)  # type: ignore[arg-type]
    assert wallet.transfer(STRANGER, 5).status == 1
    assert node.call("eth_getBalance", STRANGER) == "0x5"
    assert len([name for name in flaky.calls if name.startswith("eth_sendRaw")]) == sends
    flaky.script.clear()
    assert wallet.transfer(STRANGER, 5).status == 1
    assert node.call("eth_getTransactionCount", ADDRESSES[0]) == "0x2"


def test_a_node_that_stays_away_ends_the_wait(net: tuple[LocalNode, Rpc]) -> None:
    _, rpc = net
    flaky = Flaky(rpc, ["lost before"] * 1000)
    wallet = Wallet(flaky, KEYS[0], CHAIN_ID, patience=0.1)  # type: ignore[arg-type]
    with pytest.raises(NodeUnreachable):
        wallet.transfer(STRANGER, 5)
    flaky.script.clear()
    assert wallet.transfer(STRANGER, 5).block == 1


def test_a_nonce_that_moved_behind_the_wallets_back_is_read_again(net: tuple[LocalNode, Rpc]) -> None:
    node, rpc = net
    wallet = Wallet(rpc, KEYS[0], CHAIN_ID)
    wallet.transfer(STRANGER, 1)
    node.send(sign(0, 1))
    assert wallet.transfer(STRANGER, 1).status == 1
    assert node.call("eth_getTransactionCount", ADDRESSES[0]) == "0x3"


def test_a_fee_that_became_too_low_is_read_again(net: tuple[LocalNode, Rpc]) -> None:
    node, rpc = net
    wallet = Wallet(rpc, KEYS[0], CHAIN_ID)
    wallet._fees = (1, 0)
    assert wallet.transfer(STRANGER, 1).status == 1
    assert wallet._fees is not None and wallet._fees[0] > 10**9
    assert node.call("eth_getTransactionCount", ADDRESSES[0]) == "0x1"


def test_another_transactions_receipt_is_refused(net: tuple[LocalNode, Rpc]) -> None:
    node, rpc = net
    other = node.send(sign(1, 0))

    class Liar(Flaky):
        def call(self, method: str, *params: Any) -> Any:
            return other if method == "eth_sendRawTransactionSync" else self.rpc.call(method, *params)

    with pytest.raises(ChainError, match="another transaction's receipt"):
        Wallet(Liar(rpc, []), KEYS[0], CHAIN_ID).transfer(STRANGER, 1)  # type: ignore[arg-type]


def test_demo_keys_are_fixed_distinct_and_valid() -> None:
    assert demo_key(1, "client", 0).hex() == KEY_OF_SEED_1
    keys = {demo_key(seed, role, index) for seed in (1, 11) for role in ("client", "operator") for index in (0, 1, 11)}
    assert len(keys) == 12
    assert all(Account.from_key(key).address for key in keys)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "0x2"},
        {"status": None},
        {"gasUsed": "12"[:0]},
        {"gasUsed": "-0x1"},
        {"gasUsed": 5},
        {"transactionHash": "0x12"},
        {"from": "0x" + "zz" * 20},
        {"to": 7},
        {"logs": None},
        {"logs": [5]},
        {"contractAddress": "0x1"},
        {"effectiveGasPrice": hex(2**256)},
    ],
    ids=str,
)
def test_receipts_are_checked_at_the_door(net: tuple[LocalNode, Rpc], change: dict[str, Any]) -> None:
    node, _ = net
    answer = node.send(sign(0, 0))
    assert parse_receipt(answer).gas_used == 21_000
    with pytest.raises(ChainError, match="receipt cannot be read"):
        parse_receipt(answer | change)
    for broken in (None, [], "x", {}):
        with pytest.raises(ChainError):
            parse_receipt(broken)
