"""Setting a federation up: its contracts, their roles, the plan, and version 0."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from dltui.chain.contracts.bound import (
    OPERATOR_ROLE,
    WRAPPERS,
    Contract,
    DataRegistry,
    FLContract,
    ModelRegistry,
    Registry,
    deploy_call,
)
from dltui.chain.contracts.declarations import CONTRACTS, declared
from dltui.chain.contracts.federation_check import check_federation
from dltui.chain.rpc import Rpc
from dltui.chain.wallet import Wallet
from dltui.config.sections import Config
from dltui.core.ledger import Ledger
from dltui.errors import ChainError, RunError
from dltui.learning.plan import LearningPlan
from dltui.store import BlobStore

_Kind = TypeVar("_Kind", bound=Contract)


@dataclass(frozen=True)
class Federation:
    """The contracts of one run, by their wrappers."""

    contracts: Mapping[str, Contract]
    """By name, in the order of their deployment."""

    def of(self, kind: type[_Kind]) -> _Kind:
        """The contract of this kind."""
        found = self.contracts[kind.name]
        assert isinstance(found, kind)
        return found

    @property
    def fl(self) -> FLContract:
        """Clients and rounds."""
        return self.of(FLContract)

    @property
    def models(self) -> ModelRegistry:
        """Versions of the model."""
        return self.of(ModelRegistry)

    @property
    def data(self) -> DataRegistry:
        """Data commitments."""
        return self.of(DataRegistry)

    @property
    def registries(self) -> tuple[Registry, ...]:
        """What belongs to the FLContract."""
        return tuple(contract for contract in self.contracts.values() if isinstance(contract, Registry))

    @property
    def addresses(self) -> dict[str, str]:
        """Contract name to address."""
        return {name: contract.address for name, contract in self.contracts.items()}


def attach(rpc: Rpc, addresses: Mapping[str, str]) -> Federation:
    """The federation whose contracts lie at these addresses; raises `ChainError` if other code lies there."""
    federation = _bound(rpc, addresses)
    for contract in federation.contracts.values():
        contract.verify_code()
    return federation


def deploy(rpc: Rpc, wallet: Wallet, federation_id: bytes, seed: int, there: Mapping[str, str]) -> Federation:
    """Deploy the contracts and connect them; the wallet's owner becomes admin and operator.

    `there` names the contracts that an earlier engine deployed, with their addresses: only what is missing is done.
    """
    given = {"federation_id": federation_id, "seed": first_seed(seed), "operator": wallet.address}
    addresses: dict[str, str] = {}
    for contract in CONTRACTS:
        arguments = [addresses.get(word) or given[word] for word in contract.given]
        addresses[contract.name] = there.get(contract.name) or _deploy(wallet, contract.name, *arguments)
    federation = attach(rpc, addresses)
    for registry in federation.registries:
        if registry.federation() != federation.fl.address:
            wallet.send(registry.set_federation(federation.fl.address))
    return federation


def join(rpc: Rpc, address: str, operator: str) -> Federation:
    """The federation of an FLContract that is there already, which names its registries.

    Raises `ChainError` if other code lies there, or `operator` may not run it.
    """
    fl = FLContract(rpc, address)
    fl.verify_code()
    named = {word: fl.registry(word) for word in declared(fl.name).given if word in WRAPPERS}
    federation = _bound(rpc, {**named, fl.name: fl.address})
    check_federation(federation.fl, federation.registries, fl.federation_id())
    for name, contract in federation.contracts.items():
        if "operator" in declared(name).roles and not contract.has_role(OPERATOR_ROLE, operator):
            raise ChainError(
                f"{operator} does not have the operator's role",
                where=f"{name} {contract.address}",
                hint="have its admin grant OPERATOR_ROLE, or use the keystore of the one who has it",
            )
    return federation


def in_force(ledger: Ledger, config: Config) -> bool:
    """Whether the federation's newest plan is that of this run."""
    ours = bytes.fromhex(LearningPlan.of(config).hash)
    return bool(ledger.plans) and ledger.plans[max(ledger.plans)]["planHash"] == ours


def check_base(ledger: Ledger, store: BlobStore) -> None:
    """Raise `RunError` if the next round's base cannot be had: a federation may be older than the run."""
    version = ledger.versions.get(ledger.base)
    if version is not None and not store.has(version.digest):
        raise RunError(
            f"version {version.number}, from which the next round starts, is not among this run's blobs",
            where=version.digest,
            hint="copy the blobs folder of the run that made it into this run's, then resume",
        )


def first_seed(seed: int) -> bytes:
    """The committee seed of the first round (32 bytes), from the run's seed, so that equal runs draw equal seats."""
    return hashlib.sha256(f"dltui committee seed|{seed}".encode()).digest()


def _bound(rpc: Rpc, addresses: Mapping[str, str]) -> Federation:
    return Federation({contract.name: WRAPPERS[contract.name](rpc, addresses[contract.name]) for contract in CONTRACTS})


def _deploy(wallet: Wallet, name: str, *args: object) -> str:
    receipt = wallet.send(deploy_call(name, *args))
    if receipt.contract_address is None:
        raise ChainError("the node gave no address for a deployment", where=name)
    return receipt.contract_address
