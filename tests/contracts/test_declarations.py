"""The table of contracts says what the compiled contracts say."""

from __future__ import annotations

import pytest

from dltui.chain.contracts import abi, artifacts
from dltui.chain.contracts.bound import OPERATOR_ROLE, WRAPPERS, Registry
from dltui.chain.contracts.declarations import CONTRACTS, ROLES, Declaration, declared, names

EACH = pytest.mark.parametrize("contract", CONTRACTS, ids=names())


def test_every_compiled_contract_is_declared_and_has_a_wrapper() -> None:
    assert tuple(sorted(names())) == artifacts.names() == tuple(sorted(WRAPPERS))
    assert [WRAPPERS[name].name for name in names()] == list(names())
    with pytest.raises(KeyError):
        declared("Ownable")


@EACH
def test_a_constructor_is_given_what_it_takes(contract: Declaration) -> None:
    kinds = {"federation_id": "bytes32", "seed": "bytes32", "operator": "address"} | dict.fromkeys(names(), "address")
    assert tuple(kinds[word] for word in contract.given) == abi.constructor(contract.name)
    before = names()[: names().index(contract.name)]
    assert [word for word in contract.given if word in names() and word not in before] == []


@EACH
def test_every_custom_error_has_words_that_name_its_arguments(contract: Declaration) -> None:
    errors = abi.entries(contract.name, "error")
    assert contract.words.keys() == errors.keys()
    for name, words in contract.words.items():
        assert words.format(**{param.name: "?" for param in errors[name].inputs})


def test_an_error_says_the_same_in_every_contract() -> None:
    told = [(name, words) for contract in CONTRACTS for name, words in contract.words.items()]
    assert len(set(told)) == len({name for name, _ in told})


@EACH
def test_roles_and_registries_are_those_of_the_code(contract: Declaration) -> None:
    functions = abi.entries(contract.name, "function")
    assert ("OPERATOR_ROLE" in functions) == ("operator" in contract.roles)
    assert ("DEFAULT_ADMIN_ROLE" in functions) == ("admin" in contract.roles)
    assert ("setFederation" in functions) == issubclass(WRAPPERS[contract.name], Registry)
    assert ROLES["operator"] == OPERATOR_ROLE
