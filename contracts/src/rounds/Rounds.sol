// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Digests} from "../lib/Digests.sol";
import {Seats} from "../lib/Seats.sol";
import {Pace, Pacing} from "./Pacing.sol";
import {Phases} from "./Phases.sol";
import {Plan} from "./Plans.sol";
import {Round, RoundState} from "./Round.sol";

/// @title What is called in a round
/// @notice OPEN (updates are announced by digest), REPORTING (a drawn committee says whose bytes it holds), ATTESTING
/// (it seals the recomputed result), FINALISED or ABORTED. Whatever is due, anyone may call. A phase takes work until
/// its deadline, and ends early when everybody expected is in.
abstract contract Rounds is Phases {
    using Pacing for Pace;

    uint256 private constant MAX_SCORES = 512;
    uint16 private constant FULL_BP = 10_000;

    /// @notice Random name of the federation; part of every seal.
    bytes32 public immutable federationId;

    // By seat, written over in every attempt: a seal counts only with its member's bit in `attested`.
    mapping(uint256 seat => bytes32) private _seals;

    /// @param federationId_ 32 random bytes
    constructor(bytes32 federationId_) {
        federationId = federationId_;
    }

    /// @dev Bit of an account that may submit now; reverts for another.
    function _subject(address account) internal view virtual returns (uint16 index);

    /// @dev Books that a subject's data is used in a round, for `cost` of its budget; gives its weight.
    function _use(address account, uint16 index, uint32 round, uint64 cost) internal virtual returns (uint32 weight);

    /// @dev Bit of an account that may sit on a committee now; reverts for another.
    function _seat(Round storage r, address account) internal view virtual returns (uint16 index);

    /// @dev The account of a bit.
    function _accountAt(uint16 index) internal view virtual returns (address);

    /// @notice Announces an update by its digest; the bytes stay at home until submissions have ended, so that nobody
    /// can copy them. A selected active client, once. The last one expected ends the phase.
    /// @param round number of the round
    /// @param digest SHA-256 of the update's bytes, not 0
    /// @param scheme how the update is opened; the plan's
    /// @param group reserved for masking in groups; 0
    function submit(uint32 round, bytes32 digest, uint8 scheme, uint16 group) external {
        Round storage r = _current(round, RoundState.OPEN);
        _requireInTime(r);
        uint16 index = _subject(msg.sender);
        uint256 selected = r.selected;
        uint256 submitted = r.submitted;
        if (!Seats.has(selected, index)) revert NotSelected();
        if (Seats.has(submitted, index)) revert AlreadySubmitted();
        if (digest == 0) revert ZeroDigest();
        Plan storage plan = _terms(r);
        if (scheme != plan.scheme) revert SchemeNotSupported(scheme);
        if (group != 0) revert GroupNotSupported(group);
        submitted |= 1 << index;
        r.submitted = submitted;
        uint32 weight = _use(msg.sender, index, round, plan.privacyCost);
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
        if (votes < _terms(r).quorum) revert NoQuorum(votes);
        if (resultDigest == 0) {
            _abort(round, r, TOO_FEW_VALID, verdictsRoot);
            return;
        }
        r.state = RoundState.FINALISED;
        r.verdictsRoot = verdictsRoot;
        // A round that its deadline ended says how long the silent were waited for, not how long an update takes.
        if (r.submitted == r.selected) _pace = _pace.with(r.openSeconds);
        _closed(round, r, 0, resultDigest, agreeing);
    }

    /// @notice Gives up on this committee's attestations: after the deadline when a quorum is out of reach, after
    /// another attestWindow in any case. To another committee, or the end of the round. Anyone.
    function closeAttestations(uint32 round) external {
        Round storage r = _current(round, RoundState.ATTESTING);
        Plan storage plan = _terms(r);
        uint256 attested = r.attested;
        _requireAfter(r.deadline);
        if (Seats.count(attested) >= plan.quorum) _requireAfter(uint256(r.deadline) + plan.attestWindow);
        _redraw(round, r, plan, r.committee & ~attested);
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

    /// @dev The lower median of the accuracies that these members attested, in basis points.
    function _medianAccuracy(Round storage r, uint256 members) internal view returns (uint16) {
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
            address member = _accountAt(uint16(index));
            bytes32 expected = Digests.seal(federationId, round, attempt, member, resultDigest, verdictsRoot);
            if (_seals[Seats.rank(committee, index)] == expected) agreeing |= 1 << index;
        }
    }

    function _seated(Round storage r, uint8 attempt) private view returns (uint16) {
        if (attempt != r.attempt) revert WrongAttempt(r.attempt);
        _requireInTime(r);
        return _seat(r, msg.sender);
    }
}
