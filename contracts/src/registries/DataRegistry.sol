// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Federated} from "./Federated.sol";
import {Roles} from "../lib/Roles.sol";

/// @notice What an owner committed to; three slots, of which a use touches the last only.
/// @param root salted Merkle root of the owner's records
/// @param schema hash of the record schema
/// @param count number of records
/// @param budget privacy budget left, micro-epsilon; the largest uint64 = no limit
/// @param lastRound number of the last round that used the data; 0 = never
/// @param approved whether the operator accepted root and count
/// @param granted whether the owner allows use now
struct Commitment {
    bytes32 root;
    bytes32 schema;
    uint32 count;
    uint64 budget;
    uint32 lastRound;
    bool approved;
    bool granted;
}

/// @title Data commitments, consent and privacy budgets
/// @notice A commitment proves that data did not change, not that it is good. A budget only ever falls.
contract DataRegistry is Federated {
    /// @notice A budget of this size is never used up.
    uint64 public constant NO_LIMIT = type(uint64).max;

    mapping(address owner => Commitment) private _commitments;

    event DataCommitted(address indexed owner, bytes32 root, uint32 count, bytes32 schema, uint64 budget);
    event DataApproved(address indexed owner, bytes32 root, uint32 count);
    event DataGranted(address indexed owner);
    event DataRevoked(address indexed owner);
    event BudgetLowered(address indexed owner, uint64 budget);
    event DataUsed(address indexed owner, uint32 indexed round, uint64 cost, uint64 budgetLeft);

    error EmptyCommitment();
    error NothingCommitted(address owner);
    error CommitmentDiffers(bytes32 root, uint32 count);
    error DataAlreadyApproved(address owner);
    error DataNotApproved(address owner);
    error AlreadyGranted(address owner);
    error NotGranted(address owner);
    error BudgetNotLower(uint64 budget);
    error BudgetExceeded(uint64 budget, uint64 cost);
    error AlreadyUsed(uint32 lastRound);

    /// @param admin who gets DEFAULT_ADMIN_ROLE and OPERATOR_ROLE
    constructor(address admin) Roles(admin) {}

    /// @notice Commits the sender to its data, and allows the federation to use it once the operator approves.
    /// @dev Committing again clears the approval and keeps the smaller budget.
    /// @param root salted Merkle root of the records, not 0
    /// @param count number of records, at least 1
    /// @param schema hash of the record schema
    /// @param budget privacy budget in micro-epsilon, NO_LIMIT for none
    function commit(bytes32 root, uint32 count, bytes32 schema, uint64 budget) external {
        if (root == 0 || count == 0) revert EmptyCommitment();
        Commitment storage c = _commitments[msg.sender];
        if (c.count != 0 && c.budget < budget) budget = c.budget;
        c.root = root;
        c.schema = schema;
        c.count = count;
        c.budget = budget;
        c.approved = false;
        c.granted = true;
        emit DataCommitted(msg.sender, root, count, schema, budget);
    }

    /// @notice Accepts a commitment. Operator; it names what it looked at, so a commitment changed meanwhile is refused.
    /// @param owner whose commitment
    /// @param root the root that was checked
    /// @param count the number of records that was checked
    function approveData(address owner, bytes32 root, uint32 count) external onlyRole(OPERATOR_ROLE) {
        Commitment storage c = _committed(owner);
        if (c.root != root || c.count != count) revert CommitmentDiffers(c.root, c.count);
        if (c.approved) revert DataAlreadyApproved(owner);
        c.approved = true;
        emit DataApproved(owner, root, count);
    }

    /// @notice Allows use of the sender's data again.
    function grant() external {
        Commitment storage c = _committed(msg.sender);
        if (c.granted) revert AlreadyGranted(msg.sender);
        c.granted = true;
        emit DataGranted(msg.sender);
    }

    /// @notice Forbids use of the sender's data from now on.
    function revoke() external {
        Commitment storage c = _committed(msg.sender);
        if (!c.granted) revert NotGranted(msg.sender);
        c.granted = false;
        emit DataRevoked(msg.sender);
    }

    /// @notice Lowers the sender's privacy budget.
    /// @param budget the new budget in micro-epsilon, less than what is left
    function lowerBudget(uint64 budget) external {
        Commitment storage c = _committed(msg.sender);
        if (budget >= c.budget) revert BudgetNotLower(c.budget);
        c.budget = budget;
        emit BudgetLowered(msg.sender, budget);
    }

    /// @notice Books one use of `owner`'s data. FLContract; at most once a round.
    /// @param owner whose data
    /// @param round number of the round, from 1
    /// @param cost micro-epsilon taken from the budget
    /// @return count number of records, the owner's weight
    function recordUse(address owner, uint32 round, uint64 cost) external onlyFederation returns (uint32 count) {
        Commitment storage c = _committed(owner);
        if (!c.approved) revert DataNotApproved(owner);
        if (!c.granted) revert NotGranted(owner);
        if (round <= c.lastRound) revert AlreadyUsed(c.lastRound);
        uint64 budget = c.budget;
        if (cost > budget) revert BudgetExceeded(budget, cost);
        if (budget != NO_LIMIT) budget -= cost;
        c.budget = budget;
        c.lastRound = round;
        emit DataUsed(owner, round, cost, budget);
        return c.count;
    }

    /// @notice What `owner` committed to; all zero when nothing.
    function commitmentOf(address owner) external view returns (Commitment memory) {
        return _commitments[owner];
    }

    function _committed(address owner) private view returns (Commitment storage c) {
        c = _commitments[owner];
        if (c.count == 0) revert NothingCommitted(owner);
    }
}
