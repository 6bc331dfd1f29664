"""Gas limits of every transaction, so that nothing is estimated on the way."""

from __future__ import annotations

from dltui.chain.contracts.declarations import CONTRACTS, declared


def limit(contract: str, function: str) -> int:
    """Return the gas limit of a contract's function ("constructor" for its deployment); KeyError for another."""
    return declared(contract).gas[function]


def deployments() -> int:
    """Return the gas limits of a federation's deployments, added up."""
    return sum(contract.gas["constructor"] for contract in CONTRACTS)


def functions() -> set[tuple[str, str]]:
    """Return every (contract, function) that has a limit."""
    return {(contract.name, function) for contract in CONTRACTS for function in contract.gas}
