"""Events and revert reasons: exact for ours, harmless for everything else."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from dltui.chain.contracts import abi, artifacts
from dltui.chain.contracts.bound import OPERATOR_ROLE, ClientStatus, FLContract, decode_log, explain
from dltui.chain.contracts.reverts import _WORDS
from dltui.chain.rpc_errors import RpcError
from dltui.chain.types import Reverted
from dltui.errors import ChainError
from tests.kits.contract_evm import address
from tests.kits.contract_world import World

CLIENT = address("client")


def joined(name: bytes = b"Alice", **changes: Any) -> dict[str, Any]:
    """A raw ClientJoined log."""
    return {
        "address": CLIENT.lower(),
        "topics": ["0x" + keccak(text="ClientJoined(address,string)").hex(), "0x" + "00" * 12 + CLIENT[2:]],
        "data": "0x" + encode(["bytes"], [name]).hex(),
        "blockNumber": "0x2a",
        "transactionHash": "0x" + "ab" * 32,
        "logIndex": "0x3",
        "removed": False,
    } | changes


def test_an_event_is_decoded_with_its_place() -> None:
    log = decode_log(joined())
    assert log is not None
    assert (log.contract, log.event, log.args) == ("FLContract", "ClientJoined", {"client": CLIENT, "name": "Alice"})
    assert (log.block, log.tx, log.index, log.address) == (42, "0x" + "ab" * 32, 3, CLIENT)


def test_a_strangers_name_never_hides_its_event() -> None:
    log = decode_log(joined(b"\xff\x1b[2J\xc3"))
    assert log is not None
    assert log.args["name"] == "\ufffd\x1b[2J\ufffd"


def test_addresses_tell_ours_from_others() -> None:
    assert decode_log(joined(), {CLIENT: "FLContract"}) is not None
    assert decode_log(joined(), {}) is None
    assert decode_log(joined(), {address("other"): "FLContract"}) is None
    # A registry does not emit it, whatever the topic says.
    assert decode_log(joined(), {CLIENT: "ModelRegistry"}) is None


def test_shared_events_are_told_apart_by_address(world: World) -> None:
    for contract in (world.fl, world.models, world.data):
        sent = world.send(world.admin, contract.grant_role(OPERATOR_ROLE, CLIENT))
        (log,) = sent.events
        assert (log.contract, log.event, log.address) == (contract.name, "RoleGranted", contract.address)
        assert log.args == {"role": OPERATOR_ROLE, "account": CLIENT, "sender": world.admin}


@pytest.mark.parametrize(
    "changes",
    [
        {"topics": []},
        {"topics": None},
        {"topics": ["0x" + "11" * 32]},
        {"topics": [1, 2]},
        {"topics": ["0x" + keccak(text="ClientJoined(address,string)").hex()]},
        {"topics": [*joined()["topics"], "0x" + "00" * 32]},
        {"topics": [joined()["topics"][0], "0x" + "ff" * 32]},
        {"topics": [joined()["topics"][0], "0x" + "00" * 31]},
        {"data": "0x"},
        {"data": "0x" + "ff" * 64},
        {"data": "0x" + "00" * 31 + "20" + "ff" * 32},
        {"data": "zz"},
        {"data": None},
        {"address": "0x12"},
        {"address": None},
        {"blockNumber": None},
        {"blockNumber": "0x"},
        {"blockNumber": "0x" + "f" * 17},
        {"blockNumber": 7},
        {"logIndex": "-1"},
        {"transactionHash": "0xab"},
    ],
)
def test_a_malformed_log_is_none(changes: dict[str, Any]) -> None:
    assert decode_log(joined(**changes)) is None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=10)
    | st.binary(max_size=80).map(lambda b: "0x" + b.hex()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=6,
)
TOPIC = st.sampled_from(sorted("0x" + key.hex() for key in abi.by_digest("event"))) | st.binary(
    min_size=32, max_size=32
).map(lambda b: "0x" + b.hex())


@given(JSON)
def test_anything_at_all_is_decoded_without_an_error(raw: Any) -> None:
    assert decode_log(raw) is None


@given(st.lists(TOPIC, min_size=1, max_size=4), st.binary(max_size=600), st.sampled_from(sorted(joined())), JSON)
def test_known_topics_with_any_data_never_raise(topics: list[str], data: bytes, key: str, value: Any) -> None:
    raw = joined(topics=topics, data="0x" + data.hex())
    for candidate in (raw, raw | {key: value}):
        log = decode_log(candidate)
        if log is not None:
            entry = abi.entries(log.contract, "event")[log.event]
            assert log.args.keys() == {param.name for param in entry.inputs}


def test_every_error_has_words_and_all_its_arguments() -> None:
    names = {entry.name for entry in abi.by_digest("error").values()}
    assert names == _WORDS.keys()
    for entry in abi.by_digest("error").values():
        kinds = [param.type for param in entry.inputs]
        values = [bytes(32) if kind == "bytes32" else "0x" + "00" * 20 if kind == "address" else 1 for kind in kinds]
        revert = explain(entry.selector + encode(kinds, values))
        assert revert.name == entry.name
        assert revert.args.keys() == {param.name for param in entry.inputs}
        assert "{" not in revert.text and "b'" not in revert.text


def test_revert_reasons_read_like_sentences() -> None:
    def data(signature: str, *args: Any) -> bytes:
        kinds = signature[signature.index("(") + 1 : -1]
        return keccak(text=signature)[:4] + encode(kinds.split(",") if kinds else [], args)

    cases = {
        data("WrongStatus(uint8)", 3): ("WrongStatus", "not possible while the client is SUSPENDED"),
        data("WrongState(uint8)", 2): ("WrongState", "not possible while the round is REPORTING"),
        data("InvalidPlan(bytes32)", b"quorum".ljust(32, b"\0")): ("InvalidPlan", "the plan's quorum is out of range"),
        data("NotSelected()"): ("NotSelected", "the client is not selected for this round"),
        data("Error(string)", "no"): ("Error", "reverted: no"),
        data("Panic(uint256)", 0x11): ("Panic", "the contract failed: arithmetic overflow"),
        data("Panic(uint256)", 0x99): ("Panic", "the contract failed: panic 0x99"),
        data("AccessControlUnauthorizedAccount(address,bytes32)", CLIENT, OPERATOR_ROLE): (
            "AccessControlUnauthorizedAccount",
            f"{CLIENT} does not have the role operator",
        ),
        b"": ("Empty", "reverted without a reason (out of gas, or nothing there to call)"),
    }
    for raw, (name, text) in cases.items():
        for form in (raw, "0x" + raw.hex(), bytearray(raw)):
            revert = explain(form)
            assert (revert.name, revert.text) == (name, text)
    assert explain(data("WrongStatus(uint8)", 3)).args == {"status": ClientStatus.SUSPENDED}


@given(st.binary(max_size=200) | st.text(max_size=40) | JSON)
def test_no_revert_data_raises(raw: Any) -> None:
    assert isinstance(explain(raw).text, str)


@given(st.sampled_from(sorted(abi.by_digest("error"))), st.binary(max_size=150))
def test_known_selectors_with_any_body_never_raise(digest: bytes, body: bytes) -> None:
    for selector in (digest[:4], keccak(text="Error(string)")[:4], keccak(text="Panic(uint256)")[:4]):
        revert = explain(selector + body)
        assert len(revert.text) < 1_000


class _Node:
    """Answers every call with one value, or raises it."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[Any, ...]] = []

    def call(self, method: str, *params: Any) -> Any:
        self.asked.append((method, *params))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", ["0x", "0x1234", "zz", None, 7, {}])
def test_a_read_where_nothing_of_ours_is_says_so(answer: Any) -> None:
    with pytest.raises(ChainError, match="no FLContract answers there"):
        FLContract(_Node(answer), CLIENT).round_of(1)


def test_a_read_that_reverts_says_why_and_other_errors_pass() -> None:
    no_plan = RpcError("eth_call", 3, "execution reverted", "0x" + keccak(text="NoPlan()")[:4].hex())
    with pytest.raises(Reverted, match=r"FLContract\.planOf: there is no such plan"):
        FLContract(_Node(no_plan), CLIENT).plan_of(9)
    with pytest.raises(RpcError, match="busy"):
        FLContract(_Node(RpcError("eth_call", -32000, "busy")), CLIENT).plan_of(9)


def test_reads_name_their_block() -> None:
    node = _Node("0x" + "00" * 31 + "07")
    fl = FLContract(node, CLIENT.lower())
    assert (fl.current_round(), fl.at(26).current_round(), fl.at("earliest").current_round()) == (7, 7, 7)
    assert [asked[2] for asked in node.asked] == ["latest", "0x1a", "earliest"]
    assert node.asked[0][1]["to"] == CLIENT


def test_every_view_has_a_typed_read(world: World) -> None:
    """One method per function of the contract, under its name in snake case."""
    for contract in (world.fl, world.models, world.data):
        for item in artifacts.artifact(contract.name).abi:
            if item["type"] == "function" and not item["name"].isupper() and not item["name"].endswith("_ROLE"):
                snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in item["name"])
                assert callable(getattr(contract, snake)), snake


def test_the_small_reads(world: World) -> None:
    fl = world.fl
    assert (fl.model_registry(), fl.data_registry()) == (world.models.address, world.data.address)
    assert world.models.federation() == world.data.federation() == fl.address
    assert fl.federation_id() == bytes(range(32))
    assert fl.get_role_admin(OPERATOR_ROLE) == bytes(32)
    assert fl.supports_interface(bytes.fromhex("7965db0b")) and not fl.supports_interface(b"\xff" * 4)
    assert fl.client_by_address(world.clients[1]).index == fl.index_of(world.clients[1]) == 1
    assert fl.index_of(world.stranger) is None
