// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Seats} from "../lib/Seats.sol";
import {Plan} from "./Plans.sol";

/// @notice Seconds until all updates were in, of the last finalised rounds in which nobody was missing, newest first;
/// one slot. Nothing is known before the first, and after a round with too few submissions.
struct Pace {
    uint32 newest;
    uint32 second;
    uint32 third;
    uint8 known;
}

/// @title How long a round gives for training
library Pacing {
    uint256 private constant PATIENCE = 4;

    /// @notice Seconds to train: a multiple of what the last rounds took, within the plan's bounds; the most as long
    /// as nothing is known.
    function trainWindow(Pace memory pace, Plan storage plan) internal view returns (uint256) {
        uint256 longest = plan.trainWindowMax;
        if (pace.known == 0) return longest;
        uint256[] memory taken = new uint256[](pace.known);
        taken[0] = pace.newest;
        if (pace.known > 1) taken[1] = pace.second;
        if (pace.known > 2) taken[2] = pace.third;
        return Math.min(Math.max(PATIENCE * Seats.median(taken), plan.trainWindow), longest);
    }

    /// @notice The pace after another round, which took this long until all submissions were in.
    function with(Pace memory pace, uint32 openSeconds) internal pure returns (Pace memory) {
        return Pace(openSeconds, pace.newest, pace.second, pace.known < 3 ? pace.known + 1 : 3);
    }
}
