"""web3 on a run's chain: what it is bound to, what it signs, and what it refuses to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from web3 import Web3

from dltui.chain import console
from dltui.errors import ChainError
from tests.kits.chain import ADDRESSES, CHAIN_ID, KEYS, local_node

GWEI = 10**9


@pytest.fixture
def w3(tmp_path: Path) -> Iterator[Web3]:
    with local_node(tmp_path) as (node, _):
        yield console.connect(node.url)


def test_it_is_connected_and_holds_no_key(w3: Web3) -> None:
    assert (w3.eth.chain_id, w3.eth.block_number) == (CHAIN_ID, 0)
    assert w3.eth.accounts == [] and not w3.eth.default_account


def test_proxies_of_the_environment_are_not_asked(w3: Web3, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert w3.eth.chain_id == CHAIN_ID


def test_a_node_that_does_not_answer_is_named_without_its_path() -> None:
    with pytest.raises(ChainError, match="the node does not answer") as caught:
        console.connect("http://127.0.0.1:9/v3/secret")
    assert caught.value.where == "http://127.0.0.1:9"


def test_it_signs_with_the_key_that_it_is_given(w3: Web3) -> None:
    assert console.sign_with(w3, KEYS[0], 0) == w3.eth.default_account == ADDRESSES[0]
    sent = w3.eth.send_transaction({"to": ADDRESSES[1], "value": 5})
    receipt = w3.eth.wait_for_transaction_receipt(sent, timeout=10, poll_latency=0.005)
    assert (receipt["status"], receipt["from"]) == (1, ADDRESSES[0])


@pytest.mark.parametrize("fields", [{"maxFeePerGas": 51 * GWEI, "maxPriorityFeePerGas": GWEI}, {"gasPrice": 51 * GWEI}])
def test_a_fee_over_the_bound_does_not_leave_the_process(w3: Web3, fields: dict[str, int]) -> None:
    console.sign_with(w3, KEYS[0], 50 * GWEI)
    with pytest.raises(ChainError, match="a fee of 51,000,000,000 wei per gas is over the bound of 50,000,000,000"):
        w3.eth.send_transaction({"to": ADDRESSES[1], "value": 5, **fields})  # type: ignore[typeddict-item]
    assert w3.eth.get_transaction_count(ADDRESSES[0], "pending") == 0
    sent = w3.eth.send_transaction({"to": ADDRESSES[1], "value": 5, "gasPrice": Web3.to_wei(50, "gwei")})
    assert w3.eth.wait_for_transaction_receipt(sent, timeout=10, poll_latency=0.005)["status"] == 1


def test_contracts_are_bound_only_where_their_code_lies(w3: Web3) -> None:
    with pytest.raises(ChainError, match="the code there is not FLContract"):
        console.bind(w3, {"FLContract": ADDRESSES[1]})
    for nothing in ({}, {"FLContract": "[red]0x"}):
        with pytest.raises(ChainError, match="the run names no FLContract"):
            console.bind(w3, nothing)
