// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {FederationBase} from "./FederationBase.sol";
import {Seats} from "./Seats.sol";
import {Pace, Plan, Round, RoundState} from "./Types.sol";

/// @title How a round moves from one phase to the next
abstract contract Phases is FederationBase {
    uint8 internal constant TOO_FEW_SUBMISSIONS = 1;
    uint8 internal constant NO_QUORUM = 2;
    uint8 internal constant TOO_FEW_VALID = 3;
    uint8 internal constant BASE_REJECTED = 4;

    uint8 private constant LAST_ATTEMPT = 2;
    uint256 private constant PATIENCE = 4;

    /// @dev Ends the taking of submissions: all are in, nobody is left who could, or the deadline passed. With too few
    /// of them the pace is forgotten, so that the next round gets trainWindowMax: the chain cannot tell clients that
    /// became slow from a node that stood still. Who can bring this about stops rounds already, and is suspended for
    /// its misses like everybody who is silent.
    function _endSubmissions(uint32 round, Round storage r) internal {
        Plan storage plan = _plans[r.planId];
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
        Plan storage plan = _plans[r.planId];
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

    /// @dev The same updates before another committee, without the members that were silent when enough others are
    /// left for as many seats; aborts when attempts or members have run out.
    function _redraw(uint32 round, Round storage r, Plan storage plan, uint256 silent) internal {
        uint256 pool = r.selected & ~_banned;
        uint256 seats = Math.min(plan.committeeSize, Seats.count(pool));
        if (r.attempt == LAST_ATTEMPT || seats < plan.quorum) {
            _abort(round, r, NO_QUORUM, 0);
            return;
        }
        if (Seats.count(pool & ~silent) >= seats) pool &= ~silent;
        uint8 attempt = r.attempt + 1;
        r.attempt = attempt;
        r.committee = Seats.draw(pool, seats, seed, attempt);
        r.reported = 0;
        r.attested = 0;
        _startReporting(round, r, plan);
    }

    /// @dev Closes the round without a version.
    function _abort(uint32 round, Round storage r, uint8 reason, bytes32 verdictsRoot) internal {
        uint8 attempt = r.attempt;
        bytes32 nextSeed = keccak256(abi.encode(seed, uint256(attempt), "abort"));
        seed = nextSeed;
        r.state = RoundState.ABORTED;
        r.verdictsRoot = verdictsRoot;
        emit RoundAborted(round, attempt, reason, verdictsRoot, nextSeed);
    }

    /// @dev Nobody waits any longer for an update that client `index` has not sent.
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

    /// @dev Seconds to train: a multiple of what the last finalised rounds took, within the plan's bounds; the most as
    /// long as nothing is known.
    function _trainWindow(Plan storage plan) internal view returns (uint256) {
        Pace memory pace = _pace;
        uint256 longest = plan.trainWindowMax;
        if (pace.known == 0) return longest;
        uint256[] memory taken = new uint256[](pace.known);
        taken[0] = pace.newest;
        if (pace.known > 1) taken[1] = pace.second;
        if (pace.known > 2) taken[2] = pace.third;
        return Math.min(Math.max(PATIENCE * Seats.median(taken), plan.trainWindow), longest);
    }

    /// @dev Remembers how long a finalised round took until all submissions were in.
    function _recordPace(uint32 openSeconds) internal {
        Pace memory pace = _pace;
        uint8 known = pace.known < 3 ? pace.known + 1 : 3;
        _pace = Pace(openSeconds, pace.newest, pace.second, known);
    }

    function _startReporting(uint32 round, Round storage r, Plan storage plan) private {
        uint40 deadline = uint40(block.timestamp + plan.reportWindow);
        r.state = RoundState.REPORTING;
        r.deadline = deadline;
        emit ReportingStarted(round, r.attempt, r.submitted, r.committee, deadline);
    }
}
