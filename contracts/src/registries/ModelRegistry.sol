// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Federated} from "./Federated.sol";
import {Roles} from "../lib/Roles.sol";
import {Seats} from "../lib/Seats.sol";

/// @notice Where a model version stands: VERIFIED by a quorum, APPROVED or REJECTED by the operator.
enum VersionState {
    NONE,
    VERIFIED,
    APPROVED,
    REJECTED
}

/// @notice A model version; three slots.
/// @param digest SHA-256 of the version's manifest
/// @param proposers bitmap of the client indices whose attestations made it
/// @param parent the version it was trained from; 0 for version 0
/// @param round number of the round that made it; 0 for version 0
/// @param depth versions between it and version 0, itself included
/// @param accuracyBp median measured accuracy in basis points
/// @param state where it stands
struct Version {
    bytes32 digest;
    uint256 proposers;
    uint32 parent;
    uint32 round;
    uint32 depth;
    uint16 accuracyBp;
    VersionState state;
}

/// @title Versions of the model
/// @notice Append-only. The versions with no rejected ancestor form one path from version 0, because each new version
/// is a child of the path's end; the end is the base of the next round, and a rejection cuts the path.
contract ModelRegistry is Federated {
    /// @notice How many versions there are; the next one gets this number.
    uint32 public count;
    uint32 private _pathLength;
    uint32 private _released;

    mapping(uint32 number => Version) private _versions;
    mapping(uint32 depth => uint32 number) private _path;

    event VersionRegistered(
        uint32 indexed version,
        uint32 parent,
        bytes32 digest,
        uint16 accuracyBp,
        uint32 round,
        uint256 proposers
    );
    event VersionApproved(uint32 indexed version, address by);
    event VersionRejected(uint32 indexed version, address by, uint32 newBase);
    event VersionReleased(uint32 indexed version);

    error GenesisMissing();
    error GenesisExists();
    error ZeroVersionDigest();
    error UnknownVersion(uint32 version);
    error VersionTainted(uint32 version);
    error WrongVersionState(uint32 version, VersionState state);
    error GenesisCannotBeRejected();
    error ProposerCannotApprove(uint16 index);

    /// @param admin who gets DEFAULT_ADMIN_ROLE and OPERATOR_ROLE
    constructor(address admin) Roles(admin) {}

    /// @notice Registers version 0, approved and released. Operator, once.
    /// @param digest SHA-256 of the first model's manifest
    function genesis(bytes32 digest) external onlyRole(OPERATOR_ROLE) {
        if (count != 0) revert GenesisExists();
        _append(Version(digest, 0, 0, 0, 0, 0, VersionState.APPROVED));
        emit VersionApproved(0, msg.sender);
        emit VersionReleased(0);
    }

    /// @notice Registers the child of the current base. FLContract.
    /// @param digest SHA-256 of the version's manifest
    /// @param accuracyBp median measured accuracy in basis points
    /// @param round number of the round that made it
    /// @param proposers bitmap of the clients whose attestations agree
    /// @return version the new version's number
    function register(
        bytes32 digest,
        uint16 accuracyBp,
        uint32 round,
        uint256 proposers
    ) external onlyFederation returns (uint32 version) {
        if (count == 0) revert GenesisMissing();
        uint32 depth = _pathLength;
        return
            _append(Version(digest, proposers, _path[depth - 1], round, depth, accuracyBp, VersionState.VERIFIED));
    }

    /// @notice Approves a version and releases it; approving an older one again is a rollback. Operator, but none of
    /// the version's own proposers.
    /// @param version a version without rejected ancestors
    function approve(uint32 version) external onlyRole(OPERATOR_ROLE) {
        Version storage v = _known(version);
        if (v.state == VersionState.REJECTED) revert WrongVersionState(version, v.state);
        if (!isUntainted(version)) revert VersionTainted(version);
        if (address(federation) == address(0)) revert FederationNotSet();
        (uint16 index, bool exists) = federation.indexOf(msg.sender);
        if (exists && Seats.has(v.proposers, index)) revert ProposerCannotApprove(index);
        v.state = VersionState.APPROVED;
        _released = version;
        emit VersionApproved(version, msg.sender);
        emit VersionReleased(version);
    }

    /// @notice Rejects a version, and with it all that was or is being trained from it. Operator.
    /// @dev When the released version falls with it, nothing is released until the operator approves another one.
    /// @param version any version but 0
    function reject(uint32 version) external onlyRole(OPERATOR_ROLE) {
        Version storage v = _known(version);
        if (version == 0) revert GenesisCannotBeRejected();
        if (v.state == VersionState.REJECTED) revert WrongVersionState(version, v.state);
        if (address(federation) == address(0)) revert FederationNotSet();
        bool onPath = isUntainted(version);
        v.state = VersionState.REJECTED;
        if (onPath) _pathLength = v.depth;
        emit VersionRejected(version, msg.sender, _path[_pathLength - 1]);
        if (onPath) federation.baseRejected();
    }

    /// @notice The newest version without rejected ancestors: what the next round trains on.
    function base() external view returns (uint32 version, bytes32 digest) {
        version = _baseVersion();
        digest = _versions[version].digest;
    }

    /// @notice Whether the base still waits for the operator's approval.
    function awaitingApproval() external view returns (bool) {
        return _versions[_baseVersion()].state == VersionState.VERIFIED;
    }

    /// @notice The released version. `exists` is false before version 0, and when the released version or an ancestor
    /// of it was rejected since.
    function released() external view returns (bool exists, uint32 version) {
        return isUntainted(_released) ? (true, _released) : (false, 0);
    }

    /// @notice A version by its number; all zero when there is none.
    function versionOf(uint32 version) external view returns (Version memory) {
        return _versions[version];
    }

    /// @notice Whether neither the version nor an ancestor of it was rejected; false for an unknown version.
    function isUntainted(uint32 version) public view returns (bool) {
        if (version >= count) return false;
        uint32 depth = _versions[version].depth;
        return depth < _pathLength && _path[depth] == version;
    }

    function _append(Version memory v) private returns (uint32 version) {
        if (v.digest == 0) revert ZeroVersionDigest();
        version = count;
        _versions[version] = v;
        _path[v.depth] = version;
        count = version + 1;
        _pathLength = v.depth + 1;
        emit VersionRegistered(version, v.parent, v.digest, v.accuracyBp, v.round, v.proposers);
    }

    function _baseVersion() private view returns (uint32) {
        if (count == 0) revert GenesisMissing();
        return _path[_pathLength - 1];
    }

    function _known(uint32 version) private view returns (Version storage) {
        if (version >= count) revert UnknownVersion(version);
        return _versions[version];
    }
}
