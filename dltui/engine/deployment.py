"""Setting a federation up: its three contracts, their roles, the plan, and version 0."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from dltui.chain.contracts.binding import OPERATOR_ROLE
from dltui.chain.contracts.bound import DataRegistry, FLContract, ModelRegistry, Plan, deploy_call
from dltui.chain.contracts.federation_check import check_federation
from dltui.chain.rpc import Rpc
from dltui.chain.wallet import Wallet
from dltui.config.sections import Config
from dltui.core.ledger import Ledger
from dltui.errors import ChainError, RunError
from dltui.protocol.plan import plan_hash
from dltui.store import Store


@dataclass(frozen=True)
class Federation:
    """The contracts of one run, by their wrappers."""

    fl: FLContract
    models: ModelRegistry
    data: DataRegistry

    @property
    def addresses(self) -> dict[str, str]:
        """Contract name to address."""
        return {
            "FLContract": self.fl.address,
            "ModelRegistry": self.models.address,
            "DataRegistry": self.data.address,
        }


def attach(rpc: Rpc, addresses: dict[str, str]) -> Federation:
    """The federation whose contracts lie at these addresses; raises `ChainError` where other code lies there."""
    federation = Federation(
        FLContract(rpc, addresses["FLContract"]),
        ModelRegistry(rpc, addresses["ModelRegistry"]),
        DataRegistry(rpc, addresses["DataRegistry"]),
    )
    for contract in (federation.fl, federation.models, federation.data):
        contract.verify_code()
    return federation


def deploy(rpc: Rpc, wallet: Wallet, federation_id: bytes, seed: int, there: Mapping[str, str]) -> Federation:
    """Deploy the three contracts and connect them; the wallet's owner becomes admin and operator.

    `there` names the contracts that an earlier engine deployed, with their addresses: only what is missing is done.
    """
    models = there.get("ModelRegistry") or _deploy(wallet, "ModelRegistry", wallet.address)
    data = there.get("DataRegistry") or _deploy(wallet, "DataRegistry", wallet.address)
    fl = there.get("FLContract") or _deploy(
        wallet, "FLContract", federation_id, first_seed(seed), models, data, wallet.address
    )
    federation = attach(rpc, {"FLContract": fl, "ModelRegistry": models, "DataRegistry": data})
    for registry in (federation.models, federation.data):
        if registry.federation() != fl:
            wallet.send(registry.set_federation(fl))
    return federation


def join(rpc: Rpc, address: str, operator: str) -> Federation:
    """The federation of an FLContract that is there already, which names its registries.

    Raises `ChainError` where other code lies there, or `operator` may not run it.
    """
    fl = FLContract(rpc, address)
    fl.verify_code()
    models, data = ModelRegistry(rpc, fl.model_registry()), DataRegistry(rpc, fl.data_registry())
    check_federation(fl, models, data, fl.federation_id())
    federation = Federation(fl, models, data)
    for contract in (federation.fl, federation.models, federation.data):
        if not contract.has_role(OPERATOR_ROLE, operator):
            raise ChainError(
                f"{operator} does not have the operator's role",
                where=f"{contract.name} {contract.address}",
                hint="have its admin grant OPERATOR_ROLE, or use the keystore of the one who has it",
            )
    return federation


def in_force(ledger: Ledger, config: Config) -> bool:
    """Whether the federation's newest plan is that of this run."""
    return bool(ledger.plans) and ledger.plans[max(ledger.plans)]["planHash"] == bytes.fromhex(plan_hash(config))


def check_base(ledger: Ledger, store: Store) -> None:
    """Raise `RunError` where the next round's base cannot be had: a federation may be older than the run."""
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


def contract_plan(config: Config) -> Plan:
    """The part of the plan that the contract enforces; windows in seconds."""
    rounds = config.rounds
    return Plan(
        plan_hash=bytes.fromhex(plan_hash(config)),
        min_submissions=rounds.min_submissions,
        committee_size=rounds.committee,
        quorum=rounds.quorum,
        max_missed=rounds.max_missed,
        scheme=0,
        require_approval=rounds.require_approval,
        train_window=rounds.train_seconds,
        train_window_max=rounds.train_seconds_max,
        report_window=rounds.report_seconds,
        attest_window=rounds.attest_seconds,
        privacy_cost=0,
    )


def _deploy(wallet: Wallet, name: str, *args: object) -> str:
    receipt = wallet.send(deploy_call(name, *args))
    if receipt.contract_address is None:
        raise ChainError("the node gave no address for a deployment", where=name)
    return receipt.contract_address
