// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DataRegistry} from "./DataRegistry.sol";
import {Digests} from "./Digests.sol";
import {FederationEvents} from "./FederationEvents.sol";
import {ModelRegistry} from "./ModelRegistry.sol";
import {Roles} from "./Roles.sol";
import {Client, ClientStatus, Membership, Pace, Plan, Round, RoundState} from "./Types.sol";

/// @title What the federation remembers, its plans and its views
abstract contract FederationBase is Roles, FederationEvents {
    uint256 private constant MAX_SEATS = 16;

    /// @notice Random name of the federation; part of every seal.
    bytes32 public immutable federationId;
    /// @notice Where finalised versions are registered.
    ModelRegistry public immutable modelRegistry;
    /// @notice Where uses of data are booked.
    DataRegistry public immutable dataRegistry;

    /// @notice Draws the next committee; moves on when a round closes.
    bytes32 public seed;
    /// @notice Clients, by index, that the next round selects.
    uint256 public activeBitmap;
    uint256 internal _banned;
    /// @notice Number of the newest round; 0 before the first.
    uint32 public currentRound;
    /// @notice How many indices were given out.
    uint16 public clientCount;
    Pace internal _pace;

    Plan[] internal _plans;
    mapping(uint32 number => Round) internal _rounds;
    mapping(uint16 index => Client) internal _clients;
    mapping(address account => Membership) internal _members;
    // By seat, written over in every attempt: a seal counts only with its member's bit in `attested`.
    mapping(uint256 seat => bytes32) internal _seals;

    /// @param federationId_ 32 random bytes
    /// @param seed0 draws the first committee
    /// @param models where versions are registered; it must name this contract with setFederation
    /// @param data where uses are booked; it must name this contract with setFederation
    /// @param admin who gets DEFAULT_ADMIN_ROLE and OPERATOR_ROLE
    constructor(
        bytes32 federationId_,
        bytes32 seed0,
        ModelRegistry models,
        DataRegistry data,
        address admin
    ) Roles(admin) {
        federationId = federationId_;
        seed = seed0;
        modelRegistry = models;
        dataRegistry = data;
    }

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

    /// @notice A round by its number, from 1; all zero when there is none.
    function roundOf(uint32 round) external view returns (Round memory) {
        return _rounds[round];
    }

    /// @notice An approved client by its index; all zero when there is none.
    function clientOf(uint16 index) external view returns (Client memory) {
        return _clients[index];
    }

    /// @notice Where an address stands, and its index when it ever was approved (`exists`).
    function clientByAddress(address account) external view returns (ClientStatus status, uint16 index, bool exists) {
        Membership memory m = _members[account];
        if (m.pending) status = ClientStatus.PENDING;
        else if (m.known) status = _clients[m.index].status;
        return (status, m.index, m.known);
    }

    /// @notice The client index of an address; `exists` is false when it never was approved.
    function indexOf(address account) external view returns (uint16 index, bool exists) {
        Membership memory m = _members[account];
        return (m.index, m.known);
    }

    /// @notice The seal that `member` attests to with this result.
    function sealOf(
        uint32 round,
        uint8 attempt,
        address member,
        bytes32 resultDigest,
        bytes32 verdictsRoot
    ) external view returns (bytes32) {
        return Digests.seal(federationId, round, attempt, member, resultDigest, verdictsRoot);
    }

    function _inFlight() internal view returns (bool) {
        RoundState state = _rounds[currentRound].state;
        return state == RoundState.OPEN || state == RoundState.REPORTING || state == RoundState.ATTESTING;
    }

    function _indexOf(address account) internal view returns (uint16) {
        Membership memory m = _members[account];
        if (!m.known) revert UnknownClient();
        return m.index;
    }
}
