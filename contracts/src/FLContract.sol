// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Clients} from "./Clients.sol";
import {DataRegistry} from "./DataRegistry.sol";
import {Digests} from "./Digests.sol";
import {FederationBase} from "./FederationBase.sol";
import {ModelRegistry} from "./ModelRegistry.sol";
import {Seats} from "./Seats.sol";
import {Client, ClientStatus, Plan, Round, RoundState} from "./Types.sol";

/// @title A federation's rounds
/// @notice OPEN (updates are announced by digest), REPORTING (a drawn committee says whose bytes it holds), ATTESTING
/// (it seals the recomputed result), FINALISED or ABORTED. Opening is the operator's; whatever is due after that,
/// anyone may call. A phase takes work until its deadline, and ends early when everybody expected is in.
contract FLContract is Clients {
    uint256 private constant MAX_SCORES = 512;
    uint16 private constant FULL_BP = 10_000;

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
    ) FederationBase(federationId_, seed0, models, data, admin) {}

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

        uint32 round = ++currentRound;
        Round storage r = _rounds[round];
        r.state = RoundState.OPEN;
        r.openedAt = uint40(block.timestamp);
        r.deadline = uint40(block.timestamp + _trainWindow(plan));
        r.planId = planId;
        r.baseVersion = version;
        r.selected = selected;
        r.committee = Seats.draw(selected, Math.min(plan.committeeSize, active), seed, 0);
        emit RoundOpened(round, version, digest, plan.planHash, selected, r.committee, seed, r.deadline);
    }

    /// @notice Announces an update by its digest; the bytes stay at home until submissions have ended, so that nobody
    /// can copy them. A selected active client, once. The last one expected ends the phase.
    /// @param round number of the round
    /// @param digest SHA-256 of the update's bytes, not 0
    /// @param scheme how the update is opened; the plan's
    /// @param group reserved for masking in groups; 0
    function submit(uint32 round, bytes32 digest, uint8 scheme, uint16 group) external {
        Round storage r = _current(round, RoundState.OPEN);
        _requireInTime(r);
        uint16 index = _indexOf(msg.sender);
        Client storage c = _clients[index];
        if (c.status != ClientStatus.ACTIVE) revert WrongStatus(c.status);
        uint256 selected = r.selected;
        uint256 submitted = r.submitted;
        if (!Seats.has(selected, index)) revert NotSelected();
        if (Seats.has(submitted, index)) revert AlreadySubmitted();
        if (digest == 0) revert ZeroDigest();
        if (scheme != _plans[r.planId].scheme) revert SchemeNotSupported(scheme);
        if (group != 0) revert GroupNotSupported(group);
        submitted |= 1 << index;
        r.submitted = submitted;
        c.lastSubmitted = round;
        uint32 weight = dataRegistry.recordUse(msg.sender, round, _plans[r.planId].privacyCost);
        emit UpdateSubmitted(round, index, digest, weight, scheme, group);
        if (submitted == selected) _endSubmissions(round, r);
    }

    /// @notice Ends submissions after their deadline. Anyone.
    function closeSubmissions(uint32 round) external {
        Round storage r = _current(round, RoundState.OPEN);
        _requireAfter(r.deadline);
        _endSubmissions(round, r);
    }

    /// @notice Says which announced updates the sender holds, within the size limit, and serves to others. A
    /// committee member, once an attempt. The last one expected ends the phase.
    /// @param round number of the round
    /// @param attempt which committee the sender means
    /// @param available bitmap by client index, of submitters only
    /// @param scores at most 512 bytes for the plan's rule; only in the event
    function report(uint32 round, uint8 attempt, uint256 available, bytes calldata scores) external {
        Round storage r = _current(round, RoundState.REPORTING);
        uint16 index = _seated(r, attempt);
        uint256 reported = r.reported;
        if (Seats.has(reported, index)) revert AlreadyReported();
        uint256 extra = available & ~r.submitted;
        if (extra != 0) revert NotSubmitted(extra);
        if (scores.length > MAX_SCORES) revert ScoresTooLong(scores.length);
        reported |= 1 << index;
        r.reported = reported;
        emit Reported(round, attempt, index, available, scores);
        if (reported == r.committee) _endReports(round, r);
    }

    /// @notice Ends reports after their deadline: on to attestations with a quorum of reports, otherwise to another
    /// committee or the end of the round. Anyone.
    function closeReports(uint32 round) external {
        Round storage r = _current(round, RoundState.REPORTING);
        _requireAfter(r.deadline);
        _endReports(round, r);
    }

    /// @notice Seals the result that the sender recomputed. A member that reported, once an attempt.
    /// @param round number of the round
    /// @param attempt which committee the sender means
    /// @param sealed_ see sealOf
    /// @param accuracyBp accuracy that the sender measured, in basis points
    function attest(uint32 round, uint8 attempt, bytes32 sealed_, uint16 accuracyBp) external {
        Round storage r = _current(round, RoundState.ATTESTING);
        uint16 index = _seated(r, attempt);
        uint256 attested = r.attested;
        if (!Seats.has(r.reported, index)) revert NotReported();
        if (Seats.has(attested, index)) revert AlreadyAttested();
        if (accuracyBp > FULL_BP) revert AccuracyOutOfRange(accuracyBp);
        uint256 seat = Seats.rank(r.committee, index);
        _seals[seat] = sealed_;
        uint256 shift = seat * 16;
        r.accuracies = (r.accuracies & ~(uint256(type(uint16).max) << shift)) | (uint256(accuracyBp) << shift);
        r.attested = attested | (1 << index);
        emit Attested(round, attempt, index, sealed_, accuracyBp);
    }

    /// @notice Opens the seals: with a quorum of members that sealed this result the round is decided. Anyone, once
    /// all who reported have attested or the deadline passed. A wrong guess changes nothing.
    /// @param round number of the round
    /// @param resultDigest SHA-256 of the new version's manifest; 0 = too few valid updates, which aborts
    /// @param verdictsRoot Merkle root of the verdicts
    function finalise(uint32 round, bytes32 resultDigest, bytes32 verdictsRoot) external {
        Round storage r = _current(round, RoundState.ATTESTING);
        if (r.attested != r.reported) _requireAfter(r.deadline);
        uint256 agreeing = _agreeing(round, r, resultDigest, verdictsRoot);
        uint256 votes = Seats.count(agreeing);
        if (votes < _plans[r.planId].quorum) revert NoQuorum(votes);
        if (resultDigest == 0) {
            _abort(round, r, TOO_FEW_VALID, verdictsRoot);
            return;
        }
        r.state = RoundState.FINALISED;
        r.verdictsRoot = verdictsRoot;
        // A round that its deadline ended says how long the silent were waited for, not how long an update takes.
        if (r.submitted == r.selected) _recordPace(r.openSeconds);
        seed = keccak256(abi.encode(seed, resultDigest));
        _register(round, r, resultDigest, agreeing);
    }

    /// @notice Gives up on this committee's attestations: after the deadline when a quorum is out of reach, after
    /// another attestWindow in any case. To another committee, or the end of the round. Anyone.
    function closeAttestations(uint32 round) external {
        Round storage r = _current(round, RoundState.ATTESTING);
        Plan storage plan = _plans[r.planId];
        uint256 attested = r.attested;
        _requireAfter(r.deadline);
        if (Seats.count(attested) >= plan.quorum) _requireAfter(uint256(r.deadline) + plan.attestWindow);
        _redraw(round, r, plan, r.committee & ~attested);
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

    function _register(uint32 round, Round storage r, bytes32 resultDigest, uint256 agreeing) private {
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

    function _agreeing(
        uint32 round,
        Round storage r,
        bytes32 resultDigest,
        bytes32 verdictsRoot
    ) private view returns (uint256 agreeing) {
        uint256 committee = r.committee;
        uint256 rest = r.attested;
        uint8 attempt = r.attempt;
        while (rest != 0) {
            uint256 index;
            (index, rest) = Seats.pop(rest);
            address member = _clients[uint16(index)].account;
            bytes32 expected = Digests.seal(federationId, round, attempt, member, resultDigest, verdictsRoot);
            if (_seals[Seats.rank(committee, index)] == expected) agreeing |= 1 << index;
        }
    }

    function _medianAccuracy(Round storage r, uint256 members) private view returns (uint16) {
        uint256 committee = r.committee;
        uint256 accuracies = r.accuracies;
        uint256[] memory values = new uint256[](Seats.count(members));
        for (uint256 i = 0; i < values.length; ++i) {
            uint256 index;
            (index, members) = Seats.pop(members);
            values[i] = uint16(accuracies >> (16 * Seats.rank(committee, index)));
        }
        return uint16(Seats.median(values));
    }

    function _current(uint32 round, RoundState wanted) private view returns (Round storage r) {
        if (round != currentRound) revert WrongRound(currentRound);
        r = _rounds[round];
        if (r.state != wanted) revert WrongState(r.state);
    }

    function _seated(Round storage r, uint8 attempt) private view returns (uint16 index) {
        if (attempt != r.attempt) revert WrongAttempt(r.attempt);
        _requireInTime(r);
        index = _indexOf(msg.sender);
        if (!Seats.has(r.committee, index)) revert NotMember();
        ClientStatus status = _clients[index].status;
        if (status == ClientStatus.BANNED) revert WrongStatus(status);
    }

    function _requireInTime(Round storage r) private view {
        if (block.timestamp > r.deadline) revert TooLate(r.deadline);
    }

    function _requireAfter(uint256 moment) private view {
        if (block.timestamp <= moment) revert TooEarly(moment + 1);
    }
}
