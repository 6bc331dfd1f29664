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
