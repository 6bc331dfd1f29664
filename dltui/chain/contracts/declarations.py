"""The contracts of a federation: what the program must know of each beside its compiled code, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eth_utils import keccak

ROLES = {"admin": bytes(32), "operator": keccak(text="OPERATOR_ROLE")}
"""Roles by the name that people read. The admin hands roles out (OpenZeppelin's DEFAULT_ADMIN_ROLE)."""


@dataclass(frozen=True)
class Declaration:
    """One contract.

    `given` says what its constructor takes, in order: "federation_id", "seed", "operator" (who gets its roles), or the
    name of another contract, whose address it is. `gas` has a limit for each function and the "constructor": nothing
    is estimated on the way. It is about 1.6 times the most that was measured with 256 clients and 16 seats; a test
    measures again. `words` says each custom error to people. `roles` are those that it knows.
    """

    name: str
    given: tuple[str, ...]
    gas: Mapping[str, int]
    words: Mapping[str, str]
    roles: tuple[str, ...] = ("admin", "operator")


_ROLE_WORDS = {
    "AccessControlUnauthorizedAccount": "{account} does not have the role {neededRole}",
    "AccessControlBadConfirmation": "a role can be renounced only by the account that has it",
}
_REGISTRY_WORDS = _ROLE_WORDS | {
    "FederationAlreadySet": "the registry already belongs to the federation {federation}",
    "FederationNotSet": "the registry does not belong to a federation yet",
    "NotFederation": "only the federation's rounds may call this",
}

CONTRACTS: tuple[Declaration, ...] = (
    Declaration(
        name="ModelRegistry",
        given=("operator",),
        gas={
            "approve": 65_000,
            "constructor": 1_925_000,
            "genesis": 140_000,
            "grantRole": 85_000,
            "register": 205_000,
            "reject": 115_000,
            "renounceRole": 50_000,
            "revokeRole": 55_000,
            "setFederation": 76_000,
        },
        words=_REGISTRY_WORDS
        | {
            "GenesisMissing": "there is no version 0 yet",
            "GenesisExists": "there already is a version 0",
            "ZeroVersionDigest": "a version needs a digest",
            "UnknownVersion": "there is no version {version}",
            "VersionTainted": "version {version} descends from a rejected version",
            "WrongVersionState": "version {version} is {state}",
            "GenesisCannotBeRejected": "version 0 cannot be rejected",
            "ProposerCannotApprove": "client {index} attested this version, so somebody else must approve it",
        },
    ),
    Declaration(
        name="DataRegistry",
        given=("operator",),
        gas={
            "approveData": 60_000,
            "commit": 150_000,
            "constructor": 1_540_000,
            "grant": 45_000,
            "grantRole": 85_000,
            "lowerBudget": 50_000,
            "recordUse": 55_000,
            "renounceRole": 50_000,
            "revoke": 45_000,
            "revokeRole": 55_000,
            "setFederation": 76_000,
        },
        words=_REGISTRY_WORDS
        | {
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
        },
    ),
    Declaration(
        name="FLContract",
        given=("federation_id", "seed", "ModelRegistry", "DataRegistry", "operator"),
        gas={
            "approveClient": 160_000,
            "attest": 170_000,
            "banClient": 140_000,
            "baseRejected": 45_000,
            "closeAttestations": 190_000,
            "closeReports": 185_000,
            "closeSubmissions": 70_000,
            "completeLeave": 55_000,
            "constructor": 6_490_000,
            "finalise": 520_000,
            "grantRole": 85_000,
            "join": 80_000,
            "leave": 100_000,
            "openRound": 295_000,
            "recordMiss": 115_000,
            "reinstateClient": 60_000,
            "rejectClient": 50_000,
            "renounceRole": 50_000,
            "report": 120_000,
            "revokeRole": 60_000,
            "setPlan": 170_000,
            "submit": 135_000,
            "suspendClient": 100_000,
        },
        words=_ROLE_WORDS
        | {
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
            "NotRegistry": "only the model registry may call this",
        },
    ),
)
"""In the order of their deployment."""


def declared(name: str) -> Declaration:
    """A contract by its name; KeyError for another."""
    return _BY_NAME[name]


def names() -> tuple[str, ...]:
    """The contracts' names, in the order of their deployment."""
    return tuple(_BY_NAME)


_BY_NAME = {contract.name: contract for contract in CONTRACTS}
