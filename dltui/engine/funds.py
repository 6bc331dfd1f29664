"""Whether the operator can pay for a run on a chain where nobody gave it money, and how to help if it cannot."""

from __future__ import annotations

from decimal import Decimal

from dltui.chain.contracts import gas
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import RpcError
from dltui.chain.wallet import Wallet
from dltui.config.sections import Config
from dltui.errors import ChainError

ETHER = 10**18
ROUND_GAS = 1_500_000
"""About what the operator's own transactions of set-up and rounds use besides the deployments."""
HEADROOM = 2
"""The base fee may double before a run is through."""


def funding(config: Config) -> int:
    """What each client gets, in wei."""
    return int(Decimal(str(config.chain.funding)) * ETHER)


def fund_client(rpc: Rpc, wallet: Wallet, address: str, config: Config) -> None:
    """Give a client its money, once: a transfer whose answer was lost with the node is not made again."""
    if int(rpc.call("eth_getBalance", address, "latest"), 16) < funding(config):
        wallet.transfer(address, funding(config))


def check_funds(rpc: Rpc, operator: str, config: Config, where: str) -> None:
    """Raise `ChainError` naming address, balance, need and a way, if the operator cannot pay for the beginning."""
    block = rpc.call("eth_getBlockByNumber", "latest", False)
    price = HEADROOM * int(block.get("baseFeePerGas", "0x0"), 16) + 10**9
    deployments = 0 if config.chain.federation else gas.deployments()
    need = config.clients.count * funding(config) + (deployments + ROUND_GAS) * price
    balance = int(rpc.call("eth_getBalance", operator, "latest"), 16)
    if balance >= need:
        return
    ether = f"{Decimal(need) / ETHER:.4f}"
    raise ChainError(
        f"the operator {operator} has {Decimal(balance) / ETHER:.4f} ether; this run needs about {ether}"
        f" ({config.clients.count} clients get {config.chain.funding:g} each, [chain] funding)",
        where=where,
        hint=_way(rpc, operator, need, where),
    )


def _way(rpc: Rpc, operator: str, need: int, where: str) -> str:
    """One line that gives the operator money: on a development node it costs nothing."""
    try:
        node = str(rpc.call("web3_clientVersion")).lower()
    except RpcError:
        node = ""
    for name, method in (("anvil", "anvil_setBalance"), ("hardhat", "hardhat_setBalance")):
        if node.startswith(name):
            return f"cast rpc --rpc-url {where} {method} {operator} {hex(2 * need)}"
    return f"send it that much, for example: cast send --rpc-url {where} --interactive --value {need} {operator}"
