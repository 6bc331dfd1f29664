"""Logs read word by word: for every event and every kind of data the answer is eth_abi's."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi import encode
from eth_abi.exceptions import DecodingError
from hypothesis import given
from hypothesis import strategies as st

from dltui.chain.contracts import abi, logs, words
from dltui.chain.contracts.logs import decode_log, topics_of
from dltui.core.events import RECORDED

EVENTS = [
    entry for name in ("DataRegistry", "FLContract", "ModelRegistry") for entry in abi.entries(name, "event").values()
]
KINDS = ["address", "bool", "bytes32", "bytes4", "uint8", "uint16", "uint32", "uint40", "uint64", "uint256"]


def by_abi(kind: str, word: bytes) -> Any:
    """eth_abi's value, or None if it refuses the word."""
    param = abi.Param("x", kind)
    try:
        return abi.named([param], word)["x"]
    except (DecodingError, ValueError, OverflowError):
        return None


def by_words(kind: str, word: bytes) -> Any:
    read = words.reader(kind)
    assert read is not None
    try:
        return read(word)
    except ValueError:
        return None


_short = st.builds(
    lambda value, size: value.to_bytes(size, "big").rjust(32, b"\0"), st.integers(0, 255), st.integers(1, 32)
)
_word = st.one_of(
    st.binary(min_size=32, max_size=32),
    _short,
    _short.map(lambda word: word[::-1]),
    st.binary(max_size=31),
    st.sampled_from([b"\0" * 31 + b"\1", b"\0" * 31 + b"\2", b"\xff" * 32, b"\0" * 12 + b"\xff" * 20]),
)


@pytest.mark.parametrize("kind", KINDS)
@given(word=_word)
def test_a_word_has_the_value_that_eth_abi_gives_it_or_none(kind: str, word: bytes) -> None:
    assert by_words(kind, word) == by_abi(kind, word)


@pytest.mark.parametrize("kind", ["string", "bytes", "uint256[]", "(uint8,bool)", "int8"])
def test_other_types_are_left_to_eth_abi(kind: str) -> None:
    assert words.reader(kind) is None


def raw_log(entry: abi.Entry, topics: list[bytes], data: bytes) -> dict[str, Any]:
    return {
        "address": "0x" + "11" * 20,
        "topics": ["0x" + topic.hex() for topic in [entry.digest, *topics]],
        "data": "0x" + data.hex(),
        "blockNumber": "0x7",
        "transactionHash": "0x" + "22" * 32,
        "logIndex": "0x0",
    }


def slowly(raw: dict[str, Any], patch: pytest.MonkeyPatch) -> Any:
    """The log as eth_abi alone decodes it."""
    with patch.context() as context:
        context.setattr(logs, "_readers", lambda *_: None)
        return decode_log(raw)


@pytest.mark.parametrize("entry", EVENTS, ids=lambda entry: f"{entry.contract}.{entry.name}")
@given(data=st.data())
def test_every_event_is_decoded_as_by_eth_abi(entry: abi.Entry, data: st.DataObject) -> None:
    topics = [data.draw(_word) for param in entry.inputs if param.indexed]
    body = b"".join(data.draw(_word) for param in entry.inputs if not param.indexed)
    raw = raw_log(entry, topics, body + data.draw(st.sampled_from([b"", b"\0" * 32, b"\1"])))
    with pytest.MonkeyPatch.context() as patch:
        assert decode_log(raw) == slowly(raw, patch)


def test_what_a_round_says_most_often_needs_no_decoder_for_dynamic_types() -> None:
    fast = [e.name for e in EVENTS if all(words.reader(param.type) for param in e.inputs)]
    assert {"UpdateSubmitted", "Attested", "RoundOpened", "ReportingStarted", "DataUsed"} <= set(fast)
    assert "ClientJoined" not in fast


def test_a_value_of_each_static_type_comes_back() -> None:
    entry = abi.entries("FLContract", "event")["UpdateSubmitted"]
    body = encode(["bytes32", "uint32", "uint8", "uint16"], [b"\7" * 32, 60_000, 1, 9])
    found = decode_log(raw_log(entry, [(5).to_bytes(32, "big"), (3).to_bytes(32, "big")], body))
    assert found is not None
    assert found.args == {"round": 5, "index": 3, "digest": b"\7" * 32, "weight": 60_000, "scheme": 1, "group": 9}


def test_a_query_names_the_events_that_the_ledger_folds_and_no_other() -> None:
    topics = topics_of(RECORDED)
    names = {abi.by_digest("event")[bytes.fromhex(topic[2:])].name for topic in topics}
    assert names == RECORDED
    assert len(topics) == len(RECORDED) and "DataUsed" not in names
