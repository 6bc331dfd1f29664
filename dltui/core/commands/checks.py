"""Commands that change nothing: one thing of a live run compared with the chain, and questions for a screen to show."""

from __future__ import annotations

from typing import Any

from dltui.core.commands.arguments import ClientArgs, EstimateArgs, NoArgs, RoundArgs, TxArgs, VersionArgs
from dltui.core.commands.declaration import COMMANDS, declare

declare("registry.read", NoArgs, words="model list", help="Read the registry of a live run from the chain.")
declare(
    "client.verify", ClientArgs, checks="client",
    help="Compare what a live run tells of a client with the chain (exit 4 names the first mismatch).",
)  # fmt: skip
declare(
    "model.verify", VersionArgs, checks="version",
    help="Check a version of a live run: registry, blobs, and its round recomputed (exit 4 names the first mismatch).",
)  # fmt: skip
declare(
    "round.verify", RoundArgs, checks="round",
    help="Check a round of a live run against the chain, and recompute its result (exit 4 names the first mismatch).",
)  # fmt: skip
declare(
    "tx.verify", TxArgs, checks="tx",
    help="Compare what a live run tells of a transaction with the chain (exit 4 names the first mismatch).",
)  # fmt: skip
declare(
    "tx.show", TxArgs, query=True,
    help="Decode a transaction of a run, live or not, from the run's transaction log.",
)  # fmt: skip
declare("estimate", EstimateArgs, words="", query=True)

CHECKS = {command.checks: command for command in COMMANDS.values() if command.checks}
"""The command that checks a thing, by its kind."""


def check_of(kind: str, id: Any) -> tuple[str, dict[str, Any]]:
    """Return the name and the arguments of the command that checks this thing."""
    command = CHECKS[kind]
    return command.name, {command.args.__struct_fields__[0]: id}
