"""The node as Foundry's `cast` sees it, over HTTP and WebSocket."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

import pytest

from tests.kits.chain import ADDRESSES, CHAIN_ID, KEYS, RICH, STRANGER, LocalNode, sign

CAST = os.environ.get("DLTUI_CAST") or shutil.which("cast")
TIMEOUT = 60

pytestmark = pytest.mark.skipif(CAST is None, reason="no cast, and no npm to bring it")


@pytest.fixture(params=["http", "ws"])
def url(request: pytest.FixtureRequest, node: LocalNode) -> str:
    return node.url.replace("http", request.param)


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(CAST), *args], capture_output=True, text=True, timeout=TIMEOUT, check=False)


def cast(url: str, command: str, *args: str) -> str:
    done = run(command, "--rpc-url", url, *args)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def cast_json(url: str, command: str, *args: str) -> Any:
    return json.loads(cast(url, command, "--json", *args))


def test_cast_reads_calls_sends_and_finds_logs(node: LocalNode, url: str) -> None:
    to = node.deploy()
    assert cast(url, "chain-id") == str(CHAIN_ID)
    assert cast(url, "balance", ADDRESSES[1]) == str(RICH)
    assert cast(url, "call", to, "total()(uint256)") == "0"
    assert int(cast(url, "estimate", to, "store(uint256,uint256)", "1", "2")) > 21_000
    key = "0x" + bytes(KEYS[1]).hex()
    sent = cast_json(url, "send", "--private-key", key, to, "ping(uint256,bytes)", "4", "0x1234")
    assert (sent["status"], sent["from"], len(sent["logs"])) == ("0x1", ADDRESSES[1].lower(), 2)
    assert cast_json(url, "receipt", sent["transactionHash"])["blockHash"] == sent["blockHash"]
    assert cast_json(url, "tx", sent["transactionHash"])["nonce"] == "0x0"
    assert cast_json(url, "block", "latest")["transactions"] == [sent["transactionHash"]]
    (log,) = cast_json(url, "logs", "--from-block", "0", "--address", to, "Ping(address indexed,uint256 indexed,bytes)")
    assert log["transactionHash"] == sent["transactionHash"]
    assert cast(url, "call", to, "total()(uint256)") == "4"
    assert cast(url, "nonce", ADDRESSES[1]) == "1"
    assert int(cast(url, "storage", to, "1"), 16) == 4
    assert cast_json(url, "proof", to, "0x1")["storageProof"][0]["value"] == "0x4"
    assert cast(url, "code", to) == node.call("eth_getCode", to)


def test_cast_publishes_a_signed_transaction(node: LocalNode, url: str) -> None:
    receipt = json.loads(cast(url, "publish", "0x" + sign(0, 0, value=7).hex()))
    assert receipt["status"] == "0x1"
    assert cast(url, "balance", STRANGER) == "7"


def test_cast_tells_why_a_call_reverted(node: LocalNode, url: str) -> None:
    done = run("call", "--rpc-url", url, node.deploy(), "fail(string)", "no way")
    assert done.returncode == 1 and "execution reverted: no way" in done.stderr
