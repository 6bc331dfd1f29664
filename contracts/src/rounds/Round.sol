// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Where a round stands. FINALISED and ABORTED are final.
enum RoundState {
    NONE,
    OPEN,
    REPORTING,
    ATTESTING,
    FINALISED,
    ABORTED
}

/// @notice One round. Bitmaps are by client index, accuracies 16 bits a seat.
/// @param state where it stands
/// @param attempt which committee: 0, or 1 and 2 after a redraw
/// @param phase reserved for key exchange and unmasking; 0
/// @param openedAt unix seconds
/// @param deadline unix seconds; the running phase accepts work up to and including it
/// @param openSeconds how long submissions were taken; set when that phase ends
/// @param planId the plan in force
/// @param baseVersion the model version that is trained on
/// @param selected who is expected to submit
/// @param submitted who did
/// @param committee who reports and attests in this attempt
/// @param reported which members reported
/// @param attested which members attested
/// @param accuracies basis points, seat s at bits 16s to 16s+15
/// @param verdictsRoot Merkle root of the verdicts on which a quorum agreed
/// @param phaseRoot reserved for key exchange and unmasking; 0
/// @param payRoot reserved for cumulative pay; 0
struct Round {
    RoundState state;
    uint8 attempt;
    uint8 phase;
    uint40 openedAt;
    uint40 deadline;
    uint32 openSeconds;
    uint32 planId;
    uint32 baseVersion;
    uint256 selected;
    uint256 submitted;
    uint256 committee;
    uint256 reported;
    uint256 attested;
    uint256 accuracies;
    bytes32 verdictsRoot;
    bytes32 phaseRoot;
    bytes32 payRoot;
}
