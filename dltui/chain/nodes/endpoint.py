"""How a process reaches the run's chain, and how patient it must be with it."""

from __future__ import annotations

from dataclasses import dataclass

MAX_FEE_GWEI = 500.0
"""The most that a unit of gas may cost on a chain that is not ours, if no other bound is set: a node may lie."""


@dataclass(frozen=True)
class Endpoint:
    """`rpc_url` is the node's address, `max_fee` the most that a unit of gas may cost in wei (0: no bound).

    `word` shows a node of the run's own that one of its processes asks; it is secret.

    The federation's logs begin at `first_block`; a block counts when `confirmations` are on top of it. `pause` is the
    time between two looks at a node without long polls, `patience` how long a transaction may take, both in seconds.
    `federation_id` (hex) is what a client wants the FLContract to say.
    """

    rpc_url: str
    chain_id: int
    word: str = ""
    first_block: int = 0
    confirmations: int = 0
    max_fee: int = 0
    pause: float = 0.1
    patience: float = 60.0
    federation_id: str = ""
