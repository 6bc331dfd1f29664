// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Roles} from "../lib/Roles.sol";
import {Client, ClientStatus, Membership} from "./Client.sol";

/// @title Who takes part: joining, suspension and leaving
/// @notice Joining and coming back take effect at the next round; nobody waits for a client that goes. It knows no
/// rounds: the contract that inherits from it does.
abstract contract Clients is Roles {
    uint256 private constant MAX_CLIENTS = 256;
    uint256 private constant MAX_NAME = 64;
    uint8 private constant BY_OPERATOR = 0;

    /// @notice Clients, by index, that the next round selects.
    uint256 public activeBitmap;
    uint256 internal _banned;
    mapping(uint16 index => Client) internal _clients;
    mapping(address account => Membership) internal _members;
    /// @notice How many indices were given out.
    /// @dev The last variable here: in FLContract the number of the newest round shares its slot.
    uint16 public clientCount;

    event ClientJoined(address indexed client, string name);
    event ClientApproved(uint16 indexed index, address indexed client);
    event ClientRejected(address indexed client);
    /// @notice `reason` 0: by the operator; 1: too many consecutive misses.
    event ClientSuspended(uint16 indexed index, uint8 reason);
    event ClientReinstated(uint16 indexed index);
    event ClientBanned(uint16 indexed index);
    event ClientLeaving(uint16 indexed index);
    event ClientLeft(uint16 indexed index);

    error NameLength(uint256 bytesGiven);
    error UnknownClient();
    error WrongStatus(ClientStatus status);
    error TooManyClients();
    error RoundInFlight(uint32 round);

    /// @dev A client goes: no running round may wait for it.
    function _gone(uint16 index) internal virtual;

    /// @dev Number of the running round that needs the client; 0 if there is none.
    function _neededBy(uint16 index) internal view virtual returns (uint32 round);

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
        if (_neededBy(index) == 0) _left(index);
    }

    /// @notice Completes a leave once no running round needs the client. Anyone.
    function completeLeave(uint16 index) external {
        _requireStatus(_clients[index], ClientStatus.LEAVING);
        uint32 round = _neededBy(index);
        if (round != 0) revert RoundInFlight(round);
        _left(index);
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

    function _indexOf(address account) internal view returns (uint16) {
        Membership memory m = _members[account];
        if (!m.known) revert UnknownClient();
        return m.index;
    }

    function _suspend(uint16 index, uint8 reason) internal {
        _clients[index].status = ClientStatus.SUSPENDED;
        emit ClientSuspended(index, reason);
        _deactivate(index);
    }

    function _requireStatus(Client storage c, ClientStatus wanted) internal view {
        ClientStatus status = c.status;
        if (status == ClientStatus.NONE) revert UnknownClient();
        if (status != wanted) revert WrongStatus(status);
    }

    function _activate(uint16 index) private {
        Client storage c = _clients[index];
        c.status = ClientStatus.ACTIVE;
        c.misses = 0;
        activeBitmap |= 1 << index;
    }

    function _deactivate(uint16 index) private {
        activeBitmap &= ~(1 << index);
        _gone(index);
    }

    function _left(uint16 index) private {
        _clients[index].status = ClientStatus.LEFT;
        emit ClientLeft(index);
    }

    function _pending(address account) private view returns (Membership storage m) {
        m = _members[account];
        if (!m.pending) revert UnknownClient();
    }
}
