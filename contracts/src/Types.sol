// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Where a client stands. NONE is an address that never joined, or whose application was rejected.
enum ClientStatus {
    NONE,
    PENDING,
    ACTIVE,
    SUSPENDED,
    LEAVING,
    LEFT,
    BANNED
}

/// @notice Where a round stands. FINALISED and ABORTED are final.
enum RoundState {
    NONE,
    OPEN,
    REPORTING,
    ATTESTING,
    FINALISED,
    ABORTED
}

/// @notice What is agreed for the rounds opened under it; two slots.
/// @param planHash hash of the canonical learning plan
/// @param minSubmissions fewest updates for a round to go on
/// @param committeeSize seats drawn for a round, at most 16
/// @param quorum equal attestations that finalise, more than half of the seats
/// @param maxMissed consecutive misses that suspend a client; 0 = never
/// @param scheme how updates are opened; only 0 (in the open) exists
/// @param requireApproval whether the base must be approved by the operator before a round opens
/// @param trainWindow shortest time for training, in seconds
/// @param trainWindowMax longest time for training, in seconds; also that of the first round, and of the one after a
/// round with too few submissions
/// @param reportWindow time for reports, in seconds
/// @param attestWindow time for attestations, in seconds
/// @param privacyCost micro-epsilon that each update takes from its owner's budget
struct Plan {
    bytes32 planHash;
    uint16 minSubmissions;
    uint8 committeeSize;
    uint8 quorum;
    uint8 maxMissed;
    uint8 scheme;
    bool requireApproval;
    uint32 trainWindow;
    uint32 trainWindowMax;
    uint32 reportWindow;
    uint32 attestWindow;
    uint64 privacyCost;
}

/// @notice An approved client; one slot.
/// @param account its address
/// @param status where it stands
/// @param misses consecutive misses counted so far
/// @param lastSubmitted number of the last round it submitted in; 0 = never
/// @param lastMiss number of the last round a miss was recorded for; 0 = never
struct Client {
    address account;
    ClientStatus status;
    uint8 misses;
    uint32 lastSubmitted;
    uint32 lastMiss;
}

/// @notice What is known about an address; one slot.
/// @param pending it has applied and waits for the operator
/// @param known it was approved before, and `index` is its client index for good
struct Membership {
    bool pending;
    bool known;
    uint16 index;
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

/// @notice Seconds until all updates were in, of the last finalised rounds in which nobody was missing, newest first;
/// one slot. Nothing is known before the first, and after a round with too few submissions.
struct Pace {
    uint32 newest;
    uint32 second;
    uint32 third;
    uint8 known;
}
