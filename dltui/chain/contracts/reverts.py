"""Why a call reverted, in words for people."""

from __future__ import annotations

from functools import cache
from typing import Any

from eth_abi.exceptions import DecodingError
from eth_utils import keccak

from dltui.chain.contracts import abi
from dltui.chain.contracts.records import ClientStatus, RoundState, VersionState
from dltui.chain.types import Revert

_TEXT_LIMIT = 200

_WORDS: dict[str, str] = {
    "AccessControlUnauthorizedAccount": "{account} does not have the role {neededRole}",
    "AccessControlBadConfirmation": "a role can be renounced only by the account that has it",
    "FederationAlreadySet": "the registry already belongs to the federation {federation}",
    "FederationNotSet": "the registry does not belong to a federation yet",
    "EmptyCommitment": "a commitment needs a root and at least one record",
    "NothingCommitted": "{owner} has not committed to any data",
    "CommitmentDiffers": "the commitment is another one: root {root}, {count} records",
    "DataAlreadyApproved": "the data of {owner} is already approved",
    "DataNotApproved": "the data of {owner} is not approved",
    "AlreadyGranted": "{owner} already allows the use of its data",
    "NotGranted": "{owner} does not allow the use of its data",
    "BudgetNotLower": "a privacy budget can only fall; {budget} micro-epsilon are left",
    "BudgetExceeded": "the privacy budget of {budget} micro-epsilon does not cover {cost}",
    "AlreadyUsed": "the data was already used in round {lastRound}",
    "GenesisMissing": "there is no version 0 yet",
    "GenesisExists": "there already is a version 0",
    "ZeroVersionDigest": "a version needs a digest",
    "UnknownVersion": "there is no version {version}",
    "VersionTainted": "version {version} descends from a rejected version",
    "WrongVersionState": "version {version} is {state}",
    "GenesisCannotBeRejected": "version 0 cannot be rejected",
    "ProposerCannotApprove": "client {index} attested this version, so somebody else must approve it",
    "InvalidPlan": "the plan's {field} is out of range",
    "NoPlan": "there is no such plan",
    "NameLength": "a name has 1 to 64 bytes, not {bytesGiven}",
    "UnknownClient": "no such client",
    "WrongStatus": "not possible while the client is {status}",
    "TooManyClients": "a federation has at most 256 clients",
    "TooFewClients": "{active} active clients, {needed} needed",
    "NotLastClosed": "misses are recorded for the last closed round only, round {lastClosed}",
    "NotMissed": "client {index} did not miss that round",
    "MissAlreadyRecorded": "the miss of client {index} is already recorded",
    "AwaitingApproval": "version {version} waits for the operator's approval",
    "RoundInFlight": "round {round} is still running",
    "WrongRound": "the current round is round {current}",
    "WrongState": "not possible while the round is {state}",
    "WrongAttempt": "the current attempt is attempt {current}",
    "TooLate": "the deadline {deadline} has passed",
    "TooEarly": "not before {notBefore}",
    "NotSelected": "the client is not selected for this round",
    "AlreadySubmitted": "the client already submitted in this round",
    "ZeroDigest": "an update needs a digest",
    "SchemeNotSupported": "the plan has no update scheme {scheme}",
    "GroupNotSupported": "the plan has no group {group}",
    "NotMember": "the client is not on the committee",
    "AlreadyReported": "the member already reported",
    "NotSubmitted": "the report names clients that did not submit",
    "ScoresTooLong": "scores have at most 512 bytes, not {bytesGiven}",
    "NotReported": "only members that reported can attest",
    "AlreadyAttested": "the member already attested",
    "AccuracyOutOfRange": "an accuracy is 0 to 10000 basis points, not {accuracyBp}",
    "NoQuorum": "only {agreeing} members attested this result",
    "NotFederation": "only the federation's rounds may call this",
    "NotRegistry": "only the model registry may call this",
}
_ENUMS = {"WrongStatus": ClientStatus, "WrongState": RoundState, "WrongVersionState": VersionState}
_ROLES = {
    bytes(32): "admin",
    keccak(text="OPERATOR_ROLE"): "operator",
}
_PANICS = {
    0x01: "an assertion failed",
    0x11: "arithmetic overflow",
    0x12: "division by zero",
    0x21: "a value is out of an enum's range",
    0x32: "an index is out of range",
    0x41: "too much memory",
}
_ERROR = keccak(text="Error(string)")[:4]
_PANIC = keccak(text="Panic(uint256)")[:4]


def explain(data: Any) -> Revert:
    """The revert behind `data`: bytes, 0x-hex, or whatever a node gave instead. Never raises.

    Knows the contracts' and OpenZeppelin's custom errors, Error(string) and Panic(uint256); what it does not know is
    named "Unknown", and no data at all "Empty".
    """
    raw = _bytes(data)
    if raw is None:
        return Revert("Unknown", "reverted, and the node did not say why")
    if not raw:
        return Revert("Empty", "reverted without a reason (out of gas, or nothing there to call)")
    try:
        return _decode(raw)
    except (DecodingError, ValueError, OverflowError):
        return Revert("Unknown", f"reverted for a reason unknown here (0x{raw[:4].hex()})", {"data": raw})


@cache
def _errors() -> dict[bytes, abi.Entry]:
    return {entry.selector: entry for entry in abi.by_digest("error").values()}


def _decode(raw: bytes) -> Revert:
    selector, body = raw[:4], raw[4:]
    if selector == _ERROR:
        reason = abi.named([abi.Param("reason", "string")], body)["reason"]
        return Revert("Error", f"reverted: {reason[:_TEXT_LIMIT]}", {"reason": reason})
    if selector == _PANIC:
        code = abi.named([abi.Param("code", "uint256")], body)["code"]
        return Revert("Panic", f"the contract failed: {_PANICS.get(code, f'panic {code:#x}')}", {"code": code})
    entry = _errors().get(selector)
    if entry is None:
        raise ValueError("unknown selector")
    args = entry.decode_inputs(body)
    if entry.name in _ENUMS:
        key = "status" if entry.name == "WrongStatus" else "state"
        args[key] = _ENUMS[entry.name](args[key])
    words = {name: _word(name, value) for name, value in args.items()}
    return Revert(entry.name, _WORDS.get(entry.name, entry.name).format(**words), args)


def _word(name: str, value: Any) -> str:
    if isinstance(value, (ClientStatus, RoundState, VersionState)):
        return value.name
    if name == "neededRole":
        return str(_ROLES.get(value, "0x" + value.hex()))
    if name == "field":
        return str(value.rstrip(b"\0").decode("ascii", "replace"))
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def _bytes(data: Any) -> bytes | None:
    if isinstance(data, (bytes, bytearray)):
        return bytes(data)
    if isinstance(data, str) and data.startswith("0x"):
        try:
            return bytes.fromhex(data[2:])
        except ValueError:
            return None
    return None
