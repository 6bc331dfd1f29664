"""Setting a federation up: its three contracts, their roles, the plan, and version 0."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from dltui.chain.contracts import DataRegistry, FLContract, ModelRegistry, Plan, deploy_call
from dltui.chain.rpc import Rpc
from dltui.chain.wallet import Wallet
from dltui.config import Config
from dltui.core.plan import plan_hash
from dltui.errors import ChainError


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
