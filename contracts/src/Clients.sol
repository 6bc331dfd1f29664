// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Digests} from "./Digests.sol";
import {Phases} from "./Phases.sol";
import {Seats} from "./Seats.sol";
import {Client, ClientStatus, Membership, Round, RoundState} from "./Types.sol";

/// @title Who takes part: joining, suspension, leaving and misses
/// @notice Joining and coming back take effect at the next round; nobody waits for a client that goes.
abstract contract Clients is Phases {
    uint256 private constant MAX_CLIENTS = 256;
    uint256 private constant MAX_NAME = 64;
    uint8 private constant BY_OPERATOR = 0;
    uint8 private constant MISSED = 1;

    /// @notice Applies to take part, for the first time or after having left. Anyone.
    /// @param name 1 to 64 bytes to show to people; nothing depends on it
    function join(string calldata name) external {
        uint256 length = bytes(name).length;
        if (length == 0 || length > MAX_NAME) revert NameLength(length);
        Membership storage m = _members[msg.sender];
        if (m.pending) revert WrongStatus(ClientStatus.PENDING);
        if (m.known) _requireStatus(_clients[m.index], ClientStatus.LEFT);
        m.pending = true;
        emit ClientJoined(msg.sender, name);
    }

    /// @notice Accepts an applicant from the next round on. Operator. A client that comes back keeps its index.
    function approveClient(address account) external onlyRole(OPERATOR_ROLE) {
        Membership storage m = _pending(account);
        uint16 index = m.index;
        if (!m.known) {
            index = clientCount;
            if (index == MAX_CLIENTS) revert TooManyClients();
            clientCount = index + 1;
            m.known = true;
            m.index = index;
            _clients[index].account = account;
        }
        m.pending = false;
        _activate(index);
        emit ClientApproved(index, account);
    }

    /// @notice Turns an applicant away; it may apply again. Operator.
    function rejectClient(address account) external onlyRole(OPERATOR_ROLE) {
        _pending(account).pending = false;
        emit ClientRejected(account);
    }

    /// @notice Takes an active client out until it is reinstated. Operator.
    function suspendClient(uint16 index) external onlyRole(OPERATOR_ROLE) {
        _requireStatus(_clients[index], ClientStatus.ACTIVE);
        _suspend(index, BY_OPERATOR);
    }

    /// @notice Takes a suspended client back from the next round on, its misses forgotten. Operator.
    function reinstateClient(uint16 index) external onlyRole(OPERATOR_ROLE) {
        _requireStatus(_clients[index], ClientStatus.SUSPENDED);
        _activate(index);
        emit ClientReinstated(index);
    }

    /// @notice Shuts a client out for good, from its seat too. Operator.
    function banClient(uint16 index) external onlyRole(OPERATOR_ROLE) {
        Client storage c = _clients[index];
        ClientStatus status = c.status;
        if (status == ClientStatus.NONE) revert UnknownClient();
        if (status == ClientStatus.BANNED) revert WrongStatus(status);
        c.status = ClientStatus.BANNED;
        _members[c.account].pending = false;
        _banned |= 1 << index;
        emit ClientBanned(index);
        _deactivate(index);
    }

    /// @notice The sender stops taking part: at once when the running round needs nothing more from it, otherwise
    /// after that round (see completeLeave). An active or suspended client.
    function leave() external {
        uint16 index = _indexOf(msg.sender);
        Client storage c = _clients[index];
        ClientStatus status = c.status;
        if (status != ClientStatus.ACTIVE && status != ClientStatus.SUSPENDED) revert WrongStatus(status);
        c.status = ClientStatus.LEAVING;
        emit ClientLeaving(index);
        _deactivate(index);
        if (!_isNeeded(index)) _left(index);
    }

    /// @notice Completes a leave once no running round needs the client. Anyone.
    function completeLeave(uint16 index) external {
        _requireStatus(_clients[index], ClientStatus.LEAVING);
        if (_isNeeded(index)) revert RoundInFlight(currentRound);
        _left(index);
    }

    /// @notice Records that an active client sent no update in the last closed round, or withheld the bytes of the
    /// one that it announced. Anyone, once per client and round. Too many in a row suspend the client.
    /// @param round number of the last closed round
    /// @param index the client
    /// @param digest what it submitted; ignored when it submitted nothing
    /// @param weight the weight in its verdict; ignored when it submitted nothing
    /// @param proof from its WITHHELD verdict to the round's verdictsRoot; ignored when it submitted nothing
    function recordMiss(
        uint32 round,
        uint16 index,
        bytes32 digest,
        uint32 weight,
        bytes32[] calldata proof
    ) external {
        uint32 lastClosed = _inFlight() ? currentRound - 1 : currentRound;
        if (round == 0 || round != lastClosed) revert NotLastClosed(lastClosed);
        Client storage c = _clients[index];
        _requireStatus(c, ClientStatus.ACTIVE);
        if (c.lastMiss == round) revert MissAlreadyRecorded(index);
        Round storage r = _rounds[round];
        if (!Seats.has(r.selected, index)) revert NotMissed(index);
        if (Seats.has(r.submitted, index)) {
            bytes32 leaf = Digests.verdictLeaf(round, index, digest, false, Digests.WITHHELD, weight);
            if (!MerkleProof.verifyCalldata(proof, r.verdictsRoot, leaf)) revert NotMissed(index);
        }
        // A withheld submission is no sign of life, so a miss in the round before always counts on.
        bool consecutive = c.lastMiss + 1 == round || c.lastSubmitted <= c.lastMiss;
        uint8 misses = consecutive ? c.misses : 0;
        if (misses < type(uint8).max) ++misses;
        c.misses = misses;
        c.lastMiss = round;
        emit MissRecorded(round, index, misses);
        uint8 limit = _plans[r.planId].maxMissed;
        if (limit != 0 && misses >= limit) _suspend(index, MISSED);
    }

    function _activate(uint16 index) private {
        Client storage c = _clients[index];
        c.status = ClientStatus.ACTIVE;
        c.misses = 0;
        activeBitmap |= 1 << index;
    }

    function _deactivate(uint16 index) private {
        activeBitmap &= ~(1 << index);
        _stopWaitingFor(index);
    }

    function _suspend(uint16 index, uint8 reason) private {
        _clients[index].status = ClientStatus.SUSPENDED;
        emit ClientSuspended(index, reason);
        _deactivate(index);
    }

    function _left(uint16 index) private {
        _clients[index].status = ClientStatus.LEFT;
        emit ClientLeft(index);
    }

    function _isNeeded(uint16 index) private view returns (bool) {
        Round storage r = _rounds[currentRound];
        return _inFlight() && Seats.has(r.selected | r.committee, index);
    }

    function _pending(address account) private view returns (Membership storage m) {
        m = _members[account];
        if (!m.pending) revert UnknownClient();
    }

    function _requireStatus(Client storage c, ClientStatus wanted) private view {
        ClientStatus status = c.status;
        if (status == ClientStatus.NONE) revert UnknownClient();
        if (status != wanted) revert WrongStatus(status);
    }
}
