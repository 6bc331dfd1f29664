// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Roles} from "../lib/Roles.sol";

/// @notice What the registries ask of the FLContract.
interface IFederation {
    /// @notice The client index of `account`; `exists` is false when it never was approved.
    function indexOf(address account) external view returns (uint16 index, bool exists);

    /// @notice Tells the federation that versions were rejected, so that a round on one of them is aborted.
    function baseRejected() external;
}

/// @title A registry that belongs to one federation
/// @notice What a round does, the FLContract alone may do. It is named once, and no role stands in for it: who hands
/// out roles could otherwise register a version that no committee saw.
abstract contract Federated is Roles {
    /// @notice The FLContract that writes here; 0 until it is set.
    IFederation public federation;

    /// @notice The federation contract is known from here on.
    event FederationSet(address indexed federation);

    error FederationAlreadySet(address federation);
    error FederationNotSet();
    error NotFederation();

    modifier onlyFederation() {
        if (msg.sender != address(federation)) revert NotFederation();
        _;
    }

    /// @notice Names the FLContract that may write here. Admin, once.
    /// @param fl address of the FLContract
    function setFederation(address fl) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (address(federation) != address(0)) revert FederationAlreadySet(address(federation));
        if (fl == address(0)) revert FederationNotSet();
        federation = IFederation(fl);
        emit FederationSet(fl);
    }
}
