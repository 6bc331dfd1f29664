// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Roles} from "./lib/Roles.sol";
import {Seats} from "./lib/Seats.sol";
import {Client, ClientStatus} from "./members/Client.sol";
import {Misses} from "./members/Misses.sol";
import {DataRegistry} from "./registries/DataRegistry.sol";
import {ModelRegistry} from "./registries/ModelRegistry.sol";
import {Plan, Plans} from "./rounds/Plans.sol";
import {Round, RoundState} from "./rounds/Round.sol";
import {Rounds} from "./rounds/Rounds.sol";

/// @title A federation: its clients, its plans and its rounds
/// @notice It joins the round machine to the list of clients, draws committees from it, and registers what a round
/// decided. Opening a round is the operator's; whatever is due after that, anyone may call.
contract FLContract is Plans, Misses {
    /// @notice Where finalised versions are registered.
    ModelRegistry public immutable modelRegistry;
    /// @notice Where uses of data are booked.
    DataRegistry public immutable dataRegistry;

    /// @notice Draws the next committee; moves on when a round closes.
    bytes32 public seed;

    error TooFewClients(uint256 active, uint256 needed);
    error AwaitingApproval(uint32 version);
    error NotRegistry();

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
    ) Roles(admin) Rounds(federationId_) {
        seed = seed0;
        modelRegistry = models;
        dataRegistry = data;
    }

    /// @notice Opens the next round with every active client and a committee drawn from them. Operator.
    function openRound() external onlyRole(OPERATOR_ROLE) {
        if (_inFlight()) revert RoundInFlight(currentRound);
        if (_plans.length == 0) revert NoPlan();
        uint32 planId = uint32(_plans.length - 1);
        Plan storage plan = _plans[planId];
        uint256 selected = activeBitmap;
        uint256 active = Seats.count(selected);
        uint256 needed = Math.max(plan.minSubmissions, plan.quorum);
        if (active < needed) revert TooFewClients(active, needed);
        (uint32 version, bytes32 digest) = modelRegistry.base();
        if (plan.requireApproval && modelRegistry.awaitingApproval()) revert AwaitingApproval(version);

        uint256 committee = Seats.draw(selected, Math.min(plan.committeeSize, active), seed, 0);
        (uint32 round, uint40 deadline) = _open(planId, plan, version, selected, committee);
        emit RoundOpened(round, version, digest, plan.planHash, selected, committee, seed, deadline);
    }

    /// @notice Aborts the running round when its base was rejected. ModelRegistry.
    function baseRejected() external {
        if (msg.sender != address(modelRegistry)) revert NotRegistry();
        uint32 round = currentRound;
        Round storage r = _rounds[round];
        if (!_inFlight() || modelRegistry.isUntainted(r.baseVersion)) return;
        // Who has not submitted yet was not late.
        if (r.state == RoundState.OPEN) r.selected = r.submitted;
        _abort(round, r, BASE_REJECTED, 0);
    }

    function _terms(Round storage r) internal view override returns (Plan storage) {
        return _plans[r.planId];
    }

    function _subject(address account) internal view override returns (uint16 index) {
        index = _indexOf(account);
        ClientStatus status = _clients[index].status;
        if (status != ClientStatus.ACTIVE) revert WrongStatus(status);
    }

    function _use(address account, uint16 index, uint32 round, uint64 cost) internal override returns (uint32) {
        _clients[index].lastSubmitted = round;
        return dataRegistry.recordUse(account, round, cost);
    }

    function _seat(Round storage r, address account) internal view override returns (uint16 index) {
        index = _indexOf(account);
        if (!Seats.has(r.committee, index)) revert NotMember();
        ClientStatus status = _clients[index].status;
        if (status == ClientStatus.BANNED) revert WrongStatus(status);
    }

    function _accountAt(uint16 index) internal view override returns (address) {
        return _clients[index].account;
    }

    function _committee(
        Round storage r,
        Plan storage plan,
        uint8 attempt,
        uint256 silent
    ) internal view override returns (uint256) {
        uint256 pool = r.selected & ~_banned;
        uint256 seats = Math.min(plan.committeeSize, Seats.count(pool));
        if (seats < plan.quorum) return 0;
        if (Seats.count(pool & ~silent) >= seats) pool &= ~silent;
        return Seats.draw(pool, seats, seed, attempt);
    }

    function _closed(
        uint32 round,
        Round storage r,
        uint8 reason,
        bytes32 resultDigest,
        uint256 agreeing
    ) internal override {
        if (reason == 0) _register(round, r, resultDigest, agreeing);
        else {
            uint8 attempt = r.attempt;
            bytes32 nextSeed = keccak256(abi.encode(seed, uint256(attempt), "abort"));
            seed = nextSeed;
            emit RoundAborted(round, attempt, reason, r.verdictsRoot, nextSeed);
        }
    }

    function _gone(uint16 index) internal override {
        _stopWaitingFor(index);
    }

    function _neededBy(uint16 index) internal view override returns (uint32 round) {
        round = currentRound;
        Round storage r = _rounds[round];
        if (!_inFlight() || !Seats.has(r.selected | r.committee, index)) round = 0;
    }

    function _register(uint32 round, Round storage r, bytes32 resultDigest, uint256 agreeing) private {
        seed = keccak256(abi.encode(seed, resultDigest));
        uint16 accuracyBp = _medianAccuracy(r, agreeing);
        uint32 version = modelRegistry.register(resultDigest, accuracyBp, round, agreeing);
        emit RoundFinalised(
            round,
            r.attempt,
            version,
            resultDigest,
            r.verdictsRoot,
            agreeing,
            accuracyBp,
            seed
        );
    }
}
