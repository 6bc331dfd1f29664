"""What the engine answers to queries: typed documents, checked at the face's door."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from dltui.core.safe_json import too_deep
from dltui.core.sanitize import clean
from dltui.errors import RunError

MOST_CHARACTERS = 160
"""Characters of one value in an answer, so that the whole fits into one line of the control socket."""

Amount = Annotated[int, Meta(ge=0)]


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a command would cost now: `gas` of all its transactions, `fee` in wei at the present price, who pays.

    `calls` names the transactions; none if the command sends none.
    """

    calls: tuple[str, ...]
    gas: Amount
    fee: Amount
    sender: str


class DecodedTx(msgspec.Struct, frozen=True, kw_only=True):
    """What a transaction asked for: the called function and its arguments as (name, text), and how it was signed.

    Gas in gas, `value` and the prices in wei (a price is per gas).
    """

    contract: str
    function: str
    arguments: tuple[tuple[str, str], ...]
    to: str
    nonce: Amount
    gas_limit: Amount
    max_fee: Amount
    max_tip: Amount
    value: Amount


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of one thing of a live run found: whether all is equal, and what was; else the first difference."""

    ok: bool
    steps: tuple[str, ...]

    @property
    def text(self) -> str:
        """The steps in one line."""
        return "; ".join(self.steps)


Answer = TypeVar("Answer", Estimate, DecodedTx, CheckResult)


def encode(answer: Estimate | DecodedTx | CheckResult) -> str:
    """Return the answer as one line of JSON."""
    return msgspec.json.encode(answer).decode()


def decode(text: str, kind: type[Answer]) -> Answer:
    """Return the answer in `text`. Raises RunError if it is none."""
    try:
        line = text.encode()
        if too_deep(line):
            raise ValueError
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise RunError("the answer cannot be read", where=kind.__name__) from None


def short(text: str) -> str:
    """Return a value, made harmless and cut to what an answer holds."""
    return clean(text, MOST_CHARACTERS)
