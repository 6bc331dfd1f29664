// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ClientStatus, Plan, RoundState} from "./Types.sol";

/// @title Events and errors of the FLContract
abstract contract FederationEvents {
    /// @notice The plan in force from the next round on.
    event PlanSet(uint32 indexed planId, bytes32 planHash, Plan plan);

    event ClientJoined(address indexed client, string name);
    event ClientApproved(uint16 indexed index, address indexed client);
    event ClientRejected(address indexed client);
    /// @notice `reason` 0: by the operator; 1: too many consecutive misses.
    event ClientSuspended(uint16 indexed index, uint8 reason);
    event ClientReinstated(uint16 indexed index);
    event ClientBanned(uint16 indexed index);
    event ClientLeaving(uint16 indexed index);
    event ClientLeft(uint16 indexed index);
    event MissRecorded(uint32 indexed round, uint16 indexed index, uint8 misses);

    event RoundOpened(
        uint32 indexed round,
        uint32 baseVersion,
        bytes32 baseDigest,
        bytes32 planHash,
        uint256 selected,
        uint256 committee,
        bytes32 seed,
        uint40 deadline
    );
    /// @notice `weight` is the owner's approved record count.
    event UpdateSubmitted(
        uint32 indexed round,
        uint16 indexed index,
        bytes32 digest,
        uint32 weight,
        uint8 scheme,
        uint16 group
    );
    event ReportingStarted(uint32 indexed round, uint8 attempt, uint256 submitted, uint256 committee, uint40 deadline);
    event Reported(uint32 indexed round, uint8 attempt, uint16 indexed index, uint256 available, bytes scores);
    event AttestingStarted(uint32 indexed round, uint8 attempt, uint256 reported, uint40 deadline);
    event Attested(uint32 indexed round, uint8 attempt, uint16 indexed index, bytes32 sealed_, uint16 accuracyBp);
    event RoundFinalised(
        uint32 indexed round,
        uint8 attempt,
        uint32 version,
        bytes32 resultDigest,
        bytes32 verdictsRoot,
        uint256 agreeing,
        uint16 accuracyBp,
        bytes32 nextSeed
    );
    /// @notice `reason` 1: too few submissions; 2: no quorum; 3: too few valid updates; 4: base rejected.
    event RoundAborted(uint32 indexed round, uint8 attempt, uint8 reason, bytes32 verdictsRoot, bytes32 nextSeed);

    error InvalidPlan(bytes32 field);
    error NoPlan();
    error NameLength(uint256 bytesGiven);
    error UnknownClient();
    error WrongStatus(ClientStatus status);
    error TooManyClients();
    error TooFewClients(uint256 active, uint256 needed);
    error NotLastClosed(uint32 lastClosed);
    error NotMissed(uint16 index);
    error MissAlreadyRecorded(uint16 index);
    error AwaitingApproval(uint32 version);
    error RoundInFlight(uint32 round);
    error WrongRound(uint32 current);
    error WrongState(RoundState state);
    error WrongAttempt(uint8 current);
    error TooLate(uint40 deadline);
    error TooEarly(uint256 notBefore);
    error NotSelected();
    error AlreadySubmitted();
    error ZeroDigest();
    error SchemeNotSupported(uint8 scheme);
    error GroupNotSupported(uint16 group);
    error NotMember();
    error AlreadyReported();
    error NotSubmitted(uint256 extra);
    error ScoresTooLong(uint256 bytesGiven);
    error NotReported();
    error AlreadyAttested();
    error AccuracyOutOfRange(uint16 accuracyBp);
    error NoQuorum(uint256 agreeing);
    error NotRegistry();
}
