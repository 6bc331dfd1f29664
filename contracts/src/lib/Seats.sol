// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Seats on a committee, as bits of a word
/// @notice Counting, ranking and drawing bits. No cost here grows with the number of clients.
library Seats {
    /// @notice How many bits are set: sums of neighbouring fields, doubled in width until one byte per field is left.
    function count(uint256 bits) internal pure returns (uint256) {
        unchecked {
            // 256 does not fit the byte that the sum is read from at the end.
            if (bits == type(uint256).max) return 256;
            bits -= (bits >> 1) & 0x5555555555555555555555555555555555555555555555555555555555555555;
            bits =
                (bits & 0x3333333333333333333333333333333333333333333333333333333333333333) +
                ((bits >> 2) & 0x3333333333333333333333333333333333333333333333333333333333333333);
            bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
            return (bits * 0x0101010101010101010101010101010101010101010101010101010101010101) >> 248;
        }
    }

    /// @notice Whether bit `index` is set.
    function has(uint256 bits, uint256 index) internal pure returns (bool) {
        return (bits >> index) & 1 == 1;
    }

    /// @notice How many set bits lie below `index`: the seat of a member.
    function rank(uint256 bits, uint256 index) internal pure returns (uint256) {
        return count(bits & ((1 << index) - 1));
    }

    /// @notice The lowest set bit's index, and the bits without it. `bits` is not 0.
    function pop(uint256 bits) internal pure returns (uint256 index, uint256 rest) {
        unchecked {
            rest = bits & (bits - 1);
        }
        index = Math.log2(bits ^ rest);
    }

    /// @notice Index of the set bit with `position` set bits below it; `position` is less than `count(bits)`.
    function select(uint256 bits, uint256 position) internal pure returns (uint256 index) {
        for (uint256 width = 128; width > 0; width >>= 1) {
            uint256 below = count((bits >> index) & ((1 << width) - 1));
            if (position >= below) {
                position -= below;
                index += width;
            }
        }
    }

    /// @notice `seats` distinct bits of `pool`, a pure function of the arguments.
    /// @param pool who may sit, at least `seats` bits
    /// @param seats how many to draw, at most 16
    /// @param seed the federation's seed at this round
    /// @param attempt which committee of the round
    function draw(uint256 pool, uint256 seats, bytes32 seed, uint256 attempt) internal pure returns (uint256 drawn) {
        uint256 remaining = count(pool);
        for (uint256 seat = 0; seat < seats; ++seat) {
            uint256 position = uint256(keccak256(abi.encode(seed, attempt, seat))) % (remaining - seat);
            uint256 bit = 1 << select(pool, position);
            drawn |= bit;
            pool ^= bit;
        }
    }

    /// @notice The middle value, the lower one of two. `values` is not empty, and is sorted in place.
    function median(uint256[] memory values) internal pure returns (uint256) {
        Arrays.sort(values);
        return values[(values.length - 1) / 2];
    }
}
