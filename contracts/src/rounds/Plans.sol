// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Roles} from "../lib/Roles.sol";

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

/// @title Plans: what is agreed for the next rounds
/// @notice A plan never changes. A round keeps the plan that it was opened under.
abstract contract Plans is Roles {
    uint256 private constant MAX_SEATS = 16;

    Plan[] internal _plans;

    /// @notice The plan in force from the next round on.
    event PlanSet(uint32 indexed planId, bytes32 planHash, Plan plan);

    error InvalidPlan(bytes32 field);
    error NoPlan();

    /// @notice Adds a plan, in force from the next round on. Operator.
    function setPlan(Plan calldata plan) external onlyRole(OPERATOR_ROLE) {
        if (plan.minSubmissions == 0) revert InvalidPlan("minSubmissions");
        if (plan.committeeSize == 0 || plan.committeeSize > MAX_SEATS) revert InvalidPlan("committeeSize");
        if (plan.quorum > plan.committeeSize || uint256(plan.quorum) * 2 <= plan.committeeSize) {
            revert InvalidPlan("quorum");
        }
        if (plan.scheme != 0) revert InvalidPlan("scheme");
        if (plan.trainWindow == 0 || plan.trainWindow > plan.trainWindowMax) revert InvalidPlan("trainWindow");
        if (plan.reportWindow == 0) revert InvalidPlan("reportWindow");
        if (plan.attestWindow == 0) revert InvalidPlan("attestWindow");
        _plans.push(plan);
        emit PlanSet(uint32(_plans.length - 1), plan.planHash, plan);
    }

    /// @notice A plan by its number, from 0.
    function planOf(uint32 planId) external view returns (Plan memory) {
        if (planId >= _plans.length) revert NoPlan();
        return _plans[planId];
    }

    /// @notice How many plans there are; the last one is in force from the next round on.
    function planCount() external view returns (uint256) {
        return _plans.length;
    }
}
