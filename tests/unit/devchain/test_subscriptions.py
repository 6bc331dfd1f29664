"""What is due to a subscriber: in pieces, each made when it is sent, with nothing lost between them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dltui.devchain import subscriptions
from dltui.devchain.api.feeds import PendingHashes
from dltui.devchain.subscriptions import Subscriber
from tests.kits.chain import LocalNode, sign


def results(pieces: list[list[bytes]], name: str) -> list[Any]:
    told = [json.loads(text)["params"] for piece in pieces for text in piece]
    return [each["result"] for each in told if each["subscription"] == name]


def test_a_backlog_comes_in_pieces_and_nothing_of_it_is_lost(node: LocalNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "AT_ONCE", 3)
    subscriber = Subscriber(node.methods)
    heads = [subscriber.call("eth_subscribe", ["newHeads"]) for _ in range(2)]
    pending = subscriber.call("eth_subscribe", ["newPendingTransactions"])
    subscriber.answered()
    receipts = [node.send(sign(0, nonce)) for nonce in range(8)]
    pieces = list(subscriber.due())
    assert max(map(len, pieces)) == 3
    for name in heads:
        assert [head["hash"] for head in results(pieces, name)] == [receipt["blockHash"] for receipt in receipts]
    assert results(pieces, pending) == [receipt["transactionHash"] for receipt in receipts]
    assert not any(subscriber.due())


def test_no_piece_is_made_before_it_is_asked_for(node: LocalNode, monkeypatch: pytest.MonkeyPatch) -> None:
    subscriber = Subscriber(node.methods)
    for _ in range(4):
        subscriber.call("eth_subscribe", ["newHeads"])
    subscriber.answered()
    for nonce in range(subscriptions.AT_ONCE + 8):
        node.chain.mine([sign(0, nonce)])
    made: list[int] = []
    block = node.chain.index.block
    monkeypatch.setattr(node.chain.index, "block", lambda number: made.append(number) or block(number))
    due = subscriber.due()
    assert len(next(due)) == subscriptions.AT_ONCE == len(made)
    assert sum(map(len, due)) + subscriptions.AT_ONCE == 4 * (subscriptions.AT_ONCE + 8) == len(made)


def test_an_ended_subscription_says_nothing_more_of_its_backlog(
    node: LocalNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "AT_ONCE", 1)
    subscriber = Subscriber(node.methods)
    name = subscriber.call("eth_subscribe", ["newHeads"])
    subscriber.answered()
    for nonce in range(3):
        node.chain.mine([sign(0, nonce)])
    due = subscriber.due()
    assert len(next(due)) == 1
    subscriber.call("eth_unsubscribe", [name])
    assert list(due) == []


def test_a_logs_feed_without_a_match_still_reaches_the_head(node: LocalNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "AT_ONCE", 1)
    subscriber = Subscriber(node.methods)
    name = subscriber.call("eth_subscribe", ["logs"])
    subscriber.answered()
    to = node.deploy()
    node.send(sign(0, 1))
    node.send(sign(0, 2, to, data=bytes.fromhex("00"), gas=100_000))
    assert results(list(subscriber.due()), name) == []
    assert [len(piece) for piece in subscriber.due()] == [0]


def test_hashes_that_were_left_out_come_with_the_next_look(node: LocalNode) -> None:
    feed = PendingHashes(node.miner)
    hashes = [node.send(sign(0, nonce))["transactionHash"] for nonce in range(5)]
    looks = [(feed.changes(2), feed.behind) for _ in range(4)]
    assert looks == [(hashes[:2], True), (hashes[2:4], True), (hashes[4:], False), ([], False)]
