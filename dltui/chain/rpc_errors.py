"""What goes wrong with a node: it does not answer, or it refuses. And why, in words for people."""

from __future__ import annotations

from typing import Any

from dltui.errors import ChainError

METHOD_NOT_FOUND = (-32601, -32004)
"""Codes of a node that does not know a method."""

_WORDS = (
    (
        ("insufficient funds",),
        "{sender} has too little ether for it",
        "send ether to {sender}",
    ),
    (
        ("less than block base fee", "fee cap less than", "max fee per gas less than"),
        "the highest fee that {sender} pays is below the chain's base fee",
        "raise [chain] max_fee_gwei, or wait until the base fee falls",
    ),
    (
        ("invalid chain id", "invalid sender", "wrong chain"),
        "it was signed for another chain than the node's",
        "compare [chain] chain_id with the node's eth_chainId",
    ),
    (
        ("nonce too low", "nonce too high"),
        "{sender} does not stand where this run left it",
        "one key is for one run at a time; stop what else sends with it, then resume",
    ),
    (
        ("exceeds block gas limit", "gas limit reached", "block.gas_limit"),
        "it needs more gas than a block of this chain holds",
        "use a chain with a block gas limit of 10 million or more",
    ),
    (
        ("underpriced",),
        "the node wants a higher fee",
        "raise [chain] max_fee_gwei",
    ),
)


class RpcError(ChainError):
    """The node answered a JSON-RPC call with an error object."""

    def __init__(self, method: str, code: int, message: str, data: Any = None) -> None:
        super().__init__(message, where=method)
        self.code = code
        self.data = data


class NodeUnreachable(ChainError):
    """The node did not answer: refused, reset or timed out."""


def in_words(error: RpcError, sender: str) -> RpcError:
    """Return the same error with a sentence and a hint in front of the node's own words, where the reason is known."""
    said = error.message.lower()
    for texts, words, hint in _WORDS:
        if any(text in said for text in texts):
            told = RpcError(error.where, error.code, f"{words.format(sender=sender)}: {error.message}", error.data)
            told.hint = hint.format(sender=sender)
            return told
    return error
