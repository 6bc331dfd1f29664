// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Seats} from "../lib/Seats.sol";
import {Pace, Pacing} from "./Pacing.sol";
import {Plan} from "./Plans.sol";
import {Round, RoundState} from "./Round.sol";
import {RoundEvents} from "./RoundEvents.sol";

/// @title How a round moves from one phase to the next
/// @notice The round's memory, its deadlines, and what each phase leads to. It counts bits and does not know whose
/// they are: the contract that inherits from it does, and decides what follows from a closed round.
abstract contract Phases is RoundEvents {
    using Pacing for Pace;

    uint8 internal constant TOO_FEW_SUBMISSIONS = 1;
    uint8 internal constant NO_QUORUM = 2;
    uint8 internal constant TOO_FEW_VALID = 3;
    uint8 internal constant BASE_REJECTED = 4;

    uint8 private constant ATTEMPTS = 3;

    /// @notice Number of the newest round; 0 before the first.
    uint32 public currentRound;
    Pace internal _pace;
    mapping(uint32 number => Round) internal _rounds;

    /// @notice A round by its number, from 1; all zero when there is none.
    function roundOf(uint32 round) external view returns (Round memory) {
        return _rounds[round];
    }

    /// @dev The plan that a round was opened under.
    function _terms(Round storage r) internal view virtual returns (Plan storage);

    /// @dev The committee of another attempt, without the members `silent` if enough others are left for as many
    /// seats; 0 if fewer than a quorum are left.
    function _committee(
        Round storage r,
        Plan storage plan,
        uint8 attempt,
        uint256 silent
    ) internal view virtual returns (uint256);

    /// @dev What follows from a round that is over: `reason` says why it aborted, and is 0 if it is finalised with
    /// `resultDigest`, which the members `agreeing` sealed, with their median accuracy.
    function _closed(
        uint32 round,
        Round storage r,
        uint8 reason,
        bytes32 resultDigest,
        uint256 agreeing
    ) internal virtual;

    /// @dev Begins the next round under plan `planId`, which is `plan`, with the committee of its first attempt.
    function _open(
        uint32 planId,
        Plan storage plan,
        uint32 baseVersion,
        uint256 selected,
        uint256 committee
    ) internal returns (uint32 round, uint40 deadline) {
        round = ++currentRound;
        deadline = uint40(block.timestamp + _pace.trainWindow(plan));
        Round storage r = _rounds[round];
        r.state = RoundState.OPEN;
        r.openedAt = uint40(block.timestamp);
        r.deadline = deadline;
        r.planId = planId;
        r.baseVersion = baseVersion;
        r.selected = selected;
        r.committee = committee;
    }

    /// @dev Ends the taking of submissions: all are in, nobody is left who could, or the deadline passed. With too few
    /// of them the pace is forgotten, so that the next round gets trainWindowMax: the chain cannot tell clients that
    /// became slow from a node that stood still. Who can bring this about stops rounds already, and is suspended for
    /// its misses like everybody who is silent.
    function _endSubmissions(uint32 round, Round storage r) internal {
        Plan storage plan = _terms(r);
        r.openSeconds = uint32(Math.min(block.timestamp, r.deadline) - r.openedAt);
        if (Seats.count(r.submitted) >= plan.minSubmissions) {
            _startReporting(round, r, plan);
            return;
        }
        delete _pace;
        _abort(round, r, TOO_FEW_SUBMISSIONS, 0);
    }

    /// @dev Ends the taking of reports.
    function _endReports(uint32 round, Round storage r) internal {
        Plan storage plan = _terms(r);
        uint256 reported = r.reported;
        if (Seats.count(reported) < plan.quorum) {
            _redraw(round, r, plan, r.committee & ~reported);
            return;
        }
        uint40 deadline = uint40(block.timestamp + plan.attestWindow);
        r.state = RoundState.ATTESTING;
        r.deadline = deadline;
        emit AttestingStarted(round, r.attempt, reported, deadline);
    }

    /// @dev The same updates before another committee; aborts when attempts or members have run out.
    function _redraw(uint32 round, Round storage r, Plan storage plan, uint256 silent) internal {
        uint8 attempt = r.attempt + 1;
        uint256 committee = attempt < ATTEMPTS ? _committee(r, plan, attempt, silent) : 0;
        if (committee == 0) {
            _abort(round, r, NO_QUORUM, 0);
            return;
        }
        r.attempt = attempt;
        r.committee = committee;
        r.reported = 0;
        r.attested = 0;
        _startReporting(round, r, plan);
    }

    /// @dev Closes the round without a version.
    function _abort(uint32 round, Round storage r, uint8 reason, bytes32 verdictsRoot) internal {
        r.state = RoundState.ABORTED;
        r.verdictsRoot = verdictsRoot;
        _closed(round, r, reason, 0, 0);
    }

    /// @dev Nobody waits any longer for an update that `index` has not sent.
    function _stopWaitingFor(uint16 index) internal {
        uint32 round = currentRound;
        Round storage r = _rounds[round];
        if (r.state != RoundState.OPEN) return;
        uint256 submitted = r.submitted;
        uint256 selected = r.selected;
        if (!Seats.has(selected & ~submitted, index)) return;
        selected ^= 1 << index;
        r.selected = selected;
        if (submitted == selected) _endSubmissions(round, r);
    }

    function _inFlight() internal view returns (bool) {
        RoundState state = _rounds[currentRound].state;
        return state == RoundState.OPEN || state == RoundState.REPORTING || state == RoundState.ATTESTING;
    }

    function _current(uint32 round, RoundState wanted) internal view returns (Round storage r) {
        if (round != currentRound) revert WrongRound(currentRound);
        r = _rounds[round];
        if (r.state != wanted) revert WrongState(r.state);
    }

    function _requireInTime(Round storage r) internal view {
        if (block.timestamp > r.deadline) revert TooLate(r.deadline);
    }

    function _requireAfter(uint256 moment) internal view {
        if (block.timestamp <= moment) revert TooEarly(moment + 1);
    }

    function _startReporting(uint32 round, Round storage r, Plan storage plan) private {
        uint40 deadline = uint40(block.timestamp + plan.reportWindow);
        r.state = RoundState.REPORTING;
        r.deadline = deadline;
        emit ReportingStarted(round, r.attempt, r.submitted, r.committee, deadline);
    }
}
