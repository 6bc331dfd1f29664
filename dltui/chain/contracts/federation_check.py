"""What a client wants to know of a federation before it joins and signs anything there."""

from __future__ import annotations

from collections.abc import Sequence

from dltui.chain.contracts.fl_contract import FLContract
from dltui.chain.contracts.registries import Registry
from dltui.errors import ChainError


def check_federation(fl: FLContract, registries: Sequence[Registry], federation_id: bytes) -> None:
    """Raise `ChainError` unless these are the shipped contracts and one federation, that of `federation_id`.

    The node's answers are believed: this finds a wrong address, other code and foreign registries, not a node that lies
    about all of them.
    """
    for contract in (fl, *registries):
        contract.verify_code()
    found = fl.federation_id()
    if found != federation_id:
        text = f"is federation {found.hex()[:16]}…, not {federation_id.hex()[:16]}…"
        raise ChainError(text, where=f"FLContract {fl.address}", hint="ask the operator for the right address")
    for registry in registries:
        named = fl.registry(registry.name)
        if named != registry.address:
            raise ChainError(f"is not the {registry.name} that the FLContract names, {named}", where=registry.address)
        if registry.federation() != fl.address:
            text = f"takes its entries from {registry.federation()}, not from the FLContract"
            raise ChainError(text, where=f"{registry.name} {registry.address}")
