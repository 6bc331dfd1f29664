// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Hashes that members, owners and the contract compute alike
library Digests {
    /// @notice Verdict: the update's bytes were not available to a quorum.
    uint8 internal constant WITHHELD = 1;

    /// @notice Leaf of a verdict in the tree of OpenZeppelin's StandardMerkleTree (hashed twice).
    /// @param round number of the round
    /// @param client index of the update's owner
    /// @param updateDigest SHA-256 that the owner submitted
    /// @param included whether the update is part of the result
    /// @param reason why (not): 0 OK, 1 WITHHELD, and others that only members read
    /// @param weight records that the update counts for
    function verdictLeaf(
        uint32 round,
        uint16 client,
        bytes32 updateDigest,
        bool included,
        uint8 reason,
        uint32 weight
    ) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(round, client, updateDigest, included, reason, weight))));
    }

    /// @notice What a member attests to. It names the member, so a neighbour's seal is worth nothing to others, and
    /// chain, contract, federation, round and attempt, so it is worth nothing elsewhere.
    /// @param federationId the federation's random name
    /// @param round number of the round
    /// @param attempt which committee
    /// @param member the attesting member
    /// @param resultDigest SHA-256 of the new version's manifest; 0 = too few valid updates
    /// @param verdictsRoot Merkle root of the verdicts
    function seal(
        bytes32 federationId,
        uint32 round,
        uint8 attempt,
        address member,
        bytes32 resultDigest,
        bytes32 verdictsRoot
    ) internal view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    block.chainid,
                    address(this),
                    federationId,
                    round,
                    attempt,
                    member,
                    resultDigest,
                    verdictsRoot
                )
            );
    }
}
