"""Where a version comes from: version 0 from the operator, every other one from the one round that a quorum decided.

The contracts see to that by themselves. But code of an earlier release let its admin register versions, and contracts
that are connected otherwise than the run says would decide otherwise: so it is read from each transaction again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dltui.chain.contracts.declarations import declared, names
from dltui.chain.contracts.describe import deployment
from dltui.chain.contracts.logs import decode_log
from dltui.chain.history.blocks import MinedBlock, MinedTx
from dltui.chain.types import Log
from dltui.errors import MismatchError
from dltui.protocol.facts import FactStream

_GIVEN = {place: name for place, name in enumerate(declared("FLContract").given) if name in names()}
"""The contracts that an FLContract's constructor is given, by their places among its arguments."""
_WORD = 32


def check(block: MinedBlock, stream: FactStream) -> None:
    """Check the transactions of a block that `stream` has folded.

    Raises MismatchError for a version that no finalised round of its transaction names, with its digest, parent,
    accuracy and proposers, or a round without such a version; and for contracts that name others than the run's.
    """
    for tx in block.txs:
        where = f"block {block.number}, transaction {tx.hash}"
        logs = [log for raw in tx.logs if (log := decode_log(raw, stream.contracts)) is not None]
        _check_versions(logs, stream, where)
        for log in logs:
            if log.event == "FederationSet" and stream.contracts.get(log.args["federation"]) != "FLContract":
                other = log.args["federation"]
                raise MismatchError(f"the {log.contract} belongs to {other}, not to the run's FLContract", where=where)
        if tx.created in stream.contracts:
            _check_connections(tx, stream, where)


def _check_versions(logs: Sequence[Log], stream: FactStream, where: str) -> None:
    decided = {log.args["version"]: _decided(log.args, stream) for log in logs if log.event == "RoundFinalised"}
    for log in logs:
        number = log.args.get("version")
        if log.event != "VersionRegistered" or number == 0:
            continue
        expected = decided.pop(number, None)
        if expected is None:
            raise MismatchError(f"version {number} is registered without a round that a quorum decided", where=where)
        for name, value in expected.items():
            if log.args[name] != value:
                text = f"version {number} has {name} {_shown(log.args[name])}, its round decided {_shown(value)}"
                raise MismatchError(text, where=where)
    if decided:
        raise MismatchError(f"a round is finalised as version {min(decided)}, which nobody registered", where=where)


def _decided(args: dict[str, Any], stream: FactStream) -> dict[str, Any]:
    """What the registration of a finalised round's version must say."""
    return {
        "parent": stream.ledger.rounds[args["round"]].base_version,
        "digest": args["resultDigest"],
        "accuracyBp": args["accuracyBp"],
        "round": args["round"],
        "proposers": args["agreeing"],
    }


def _check_connections(tx: MinedTx, stream: FactStream, where: str) -> None:
    found = deployment(tx.data)
    if found is None or found[0] != "FLContract":
        return
    ours = {address.lower(): name for address, name in stream.contracts.items()}
    for place, name in _GIVEN.items():
        given = "0x" + found[1][place * _WORD + 12 : (place + 1) * _WORD].hex()
        if ours.get(given) != name:
            raise MismatchError(f"the FLContract is given {given} as its {name}, which is not the run's", where=where)


def _shown(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
