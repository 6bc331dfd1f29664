// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RoundState} from "./Round.sol";

/// @title Events and errors of a round
abstract contract RoundEvents {
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
}
