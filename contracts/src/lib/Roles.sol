// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";

/// @title The roles that the federation's contracts share
/// @notice DEFAULT_ADMIN_ROLE hands roles out; OPERATOR_ROLE runs the federation day by day.
abstract contract Roles is AccessControl {
    /// @notice Runs the federation: plans, clients, rounds, approval of versions and data.
    bytes32 public constant OPERATOR_ROLE = keccak256("OPERATOR_ROLE");

    /// @param admin who gets both roles
    constructor(address admin) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(OPERATOR_ROLE, admin);
    }
}
