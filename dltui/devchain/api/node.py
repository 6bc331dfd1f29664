"""Methods about the node itself: eth_chainId, net_*, web3_* and what has one answer on a node of one's own."""

from __future__ import annotations

from typing import Any

from eth_utils import keccak

from dltui.devchain import params
from dltui.devchain.evm import COINBASE
from dltui.devchain.formats import data, quantity
from dltui.devchain.params import arguments
from dltui.devchain.stored_chain import StoredChain

CLIENT_VERSION = "dltui-embedded/1/py-evm"
"""How the node names itself."""


class NodeMethods:
    """One chain, one process, no peers, no accounts, no mining with proofs of work."""

    def __init__(self, chain: StoredChain) -> None:
        self._chain = chain

    def eth_chainId(self, given: Any) -> str:
        arguments(given, 0, 0)
        return quantity(self._chain.machine.chain_id)

    def net_version(self, given: Any) -> str:
        arguments(given, 0, 0)
        return str(self._chain.machine.chain_id)

    def net_listening(self, given: Any) -> bool:
        arguments(given, 0, 0)
        return True

    def net_peerCount(self, given: Any) -> str:
        arguments(given, 0, 0)
        return quantity(0)

    def web3_clientVersion(self, given: Any) -> str:
        arguments(given, 0, 0)
        return CLIENT_VERSION

    def web3_sha3(self, given: Any) -> str:
        (text,) = arguments(given, 1, 1)
        return data(keccak(params.data(text, "data")))

    def eth_syncing(self, given: Any) -> bool:
        arguments(given, 0, 0)
        return False

    def eth_accounts(self, given: Any) -> list[str]:
        arguments(given, 0, 0)
        return []

    def eth_coinbase(self, given: Any) -> str:
        arguments(given, 0, 0)
        return data(COINBASE)

    def eth_hashrate(self, given: Any) -> str:
        arguments(given, 0, 0)
        return quantity(0)
