"""The node as web3.py sees it: what works here works with any Ethereum tool."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import ContractCustomError, ContractLogicError, TransactionNotFound, Web3RPCError
from web3.logs import DISCARD
from web3.middleware import SignAndSendRawMiddlewareBuilder

from tests.kits.chain import ADDRESSES, CHAIN_ID, KEYS, PROBE, STRANGER, LocalNode, local_node


@pytest.fixture
def net(tmp_path: Path) -> Iterator[tuple[LocalNode, Web3]]:
    with local_node(tmp_path) as (node, _):
        w3 = Web3(Web3.HTTPProvider(node.url))
        account = w3.eth.account.from_key(KEYS[0])
        w3.middleware_onion.inject(SignAndSendRawMiddlewareBuilder.build(account), layer=0)
        w3.eth.default_account = account.address
        yield node, w3


def wait(w3: Web3, tx_hash: bytes) -> dict:  # type: ignore[type-arg]
    return dict(w3.eth.wait_for_transaction_receipt(tx_hash, timeout=10, poll_latency=0.005))


@pytest.fixture
def probe(net: tuple[LocalNode, Web3]) -> Contract:
    _, w3 = net
    factory = w3.eth.contract(abi=PROBE["abi"], bytecode=PROBE["bytecode"])
    receipt = wait(w3, factory.constructor().transact())
    return w3.eth.contract(receipt["contractAddress"], abi=PROBE["abi"])


def test_chain_blocks_and_balances(net: tuple[LocalNode, Web3]) -> None:
    _, w3 = net
    assert w3.is_connected() and w3.eth.chain_id == CHAIN_ID and w3.net.version == str(CHAIN_ID)
    assert w3.eth.get_block("latest")["number"] == w3.eth.block_number == 0
    assert w3.eth.get_balance(ADDRESSES[1]) == 10**21
    assert w3.eth.accounts == [] and w3.eth.syncing is False and w3.net.listening


def test_a_transfer_with_webs3s_own_defaults(net: tuple[LocalNode, Web3]) -> None:
    _, w3 = net
    to = Web3.to_checksum_address(STRANGER)
    receipt = wait(w3, w3.eth.send_transaction({"to": to, "value": 5}))
    assert (receipt["status"], receipt["gasUsed"], receipt["from"]) == (1, 21_000, ADDRESSES[0])
    block = w3.eth.get_block(receipt["blockNumber"], full_transactions=True)
    (tx,) = block["transactions"]
    assert tx["hash"] == receipt["transactionHash"] and tx["type"] == 2 and tx["value"] == 5
    assert w3.eth.get_transaction(tx["hash"]) == tx
    assert w3.eth.get_block(block["hash"])["transactions"] == [tx["hash"]]
    assert w3.eth.get_transaction_count(ADDRESSES[0]) == 1
    assert w3.eth.get_block_receipts(block["number"])[0]["transactionHash"] == tx["hash"]


def test_legacy_and_access_list_transactions(net: tuple[LocalNode, Web3]) -> None:
    _, w3 = net
    to = Web3.to_checksum_address(STRANGER)
    old = wait(w3, w3.eth.send_transaction({"to": to, "value": 1, "gasPrice": w3.eth.gas_price}))
    listed = [{"address": to, "storageKeys": ["0x" + "00" * 32]}]
    new = wait(w3, w3.eth.send_transaction({"to": to, "value": 1, "gas": 40_000, "accessList": listed}))
    assert (old["type"], new["type"]) == (0, 2)
    assert new["gasUsed"] == 21_000 + 2_400 + 1_900
    assert w3.eth.get_transaction(new["transactionHash"])["accessList"][0]["address"] == to


def test_deploy_call_send_estimate_and_logs(net: tuple[LocalNode, Web3], probe: Contract) -> None:
    _, w3 = net
    assert probe.functions.total().call() == 0
    estimate = probe.functions.ping(4, b"note").estimate_gas()
    receipt = wait(w3, probe.functions.ping(4, b"note").transact({"gas": estimate, "value": 3}))
    assert receipt["status"] == 1 and receipt["gasUsed"] <= estimate
    assert probe.functions.total().call() == 4
    assert probe.functions.total().call(block_identifier=1) == 0
    (ping,) = probe.events.Ping().get_logs(from_block=0, argument_filters={"n": 4})
    assert ping["args"] == {"who": ADDRESSES[0], "n": 4, "note": b"note"}
    assert ping["transactionHash"] == receipt["transactionHash"]
    assert probe.events.Pong().process_receipt(receipt, errors=DISCARD)[0]["args"]["n"] == 4
    assert w3.eth.get_storage_at(probe.address, 1) == (4).to_bytes(32, "big")
    assert len(w3.eth.get_code(probe.address)) > 1000
    assert [len(w3.eth.get_logs({"fromBlock": 0, "address": probe.address, "topics": []}))] == [2]


def test_reverts_arrive_as_web3s_errors(net: tuple[LocalNode, Web3], probe: Contract) -> None:
    _, w3 = net
    with pytest.raises(ContractLogicError, match="execution reverted: no way"):
        probe.functions.fail("no way").call()
    with pytest.raises(ContractCustomError) as caught:
        probe.functions.failCustom(9).call()
    assert str(caught.value.data).endswith(ADDRESSES[0][2:].lower())
    with pytest.raises(ContractLogicError):
        probe.functions.silent().transact()
    failed = wait(w3, probe.functions.silent().transact({"gas": 50_000}))
    assert failed["status"] == 0


def test_fees(net: tuple[LocalNode, Web3]) -> None:
    _, w3 = net
    wait(w3, w3.eth.send_transaction({"to": Web3.to_checksum_address(STRANGER), "value": 1}))
    history = w3.eth.fee_history(2, "latest", [10, 90])
    assert history["baseFeePerGas"][1] == w3.eth.get_block(1)["baseFeePerGas"]
    assert w3.eth.max_priority_fee == 10**9 and w3.eth.gas_price > 10**9


def test_errors(net: tuple[LocalNode, Web3]) -> None:
    _, w3 = net
    with pytest.raises(TransactionNotFound):
        w3.eth.get_transaction(b"\1" * 32)
    with pytest.raises(Web3RPCError, match="typed transaction too short"):
        w3.eth.send_raw_transaction(b"")
    with pytest.raises(Web3RPCError, match="header not found"):
        w3.eth.get_balance(ADDRESSES[0], 99)


def test_a_batch(net: tuple[LocalNode, Web3]) -> None:
    _, w3 = net
    with w3.batch_requests() as batch:
        for address in ADDRESSES:
            batch.add(w3.eth.get_balance(address))
        assert batch.execute() == [10**21] * len(ADDRESSES)
