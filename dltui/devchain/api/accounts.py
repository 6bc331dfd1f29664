"""Methods that read accounts, as they were after any block."""

from __future__ import annotations

from typing import Any

from dltui.devchain import params
from dltui.devchain.api.blocks import BlockFinder
from dltui.devchain.fair_queue import step
from dltui.devchain.formats import data, quantity
from dltui.devchain.miner import Miner
from dltui.devchain.params import arguments
from dltui.devchain.stored_chain import StoredChain

_MAX_SLOTS = 1024


class AccountMethods:
    """Balances, nonces, code, storage, and proofs of them."""

    def __init__(self, chain: StoredChain, miner: Miner) -> None:
        self._chain = chain
        self._miner = miner
        self._finder = BlockFinder(chain)

    def eth_getBalance(self, given: Any) -> str:
        account, tag = arguments(given, 1, 2)
        with self._chain.lock:
            return quantity(self._chain.machine.balance(params.address(account), self._finder.block(tag)))

    def eth_getTransactionCount(self, given: Any) -> str:
        account, tag = arguments(given, 1, 2)
        sender = params.address(account)
        with self._chain.lock:
            if params.block_tag(tag) == "pending":
                return quantity(self._miner.next_nonce(sender))
            return quantity(self._chain.machine.nonce(sender, self._finder.block(tag)))

    def eth_getCode(self, given: Any) -> str:
        account, tag = arguments(given, 1, 2)
        with self._chain.lock:
            return data(self._chain.machine.code(params.address(account), self._finder.block(tag)))

    def eth_getStorageAt(self, given: Any) -> str:
        account, place, tag = arguments(given, 2, 3)
        with self._chain.lock:
            word = self._chain.machine.storage(params.address(account), params.slot(place), self._finder.block(tag))
        return data(word.to_bytes(32, "big"))

    def eth_getProof(self, given: Any) -> dict[str, Any]:
        account, places, tag = arguments(given, 2, 3)
        if not isinstance(places, list) or len(places) > _MAX_SLOTS:
            raise params.invalid(f"the storage slots are not a list of at most {_MAX_SLOTS}")
        address, slots = params.address(account), [params.slot(place) for place in places]
        with self._chain.lock:
            proof = self._chain.machine.proof(address, self._finder.block(tag))
        found = []
        for slot in slots:
            with self._chain.lock:
                found.append(self._chain.machine.slot_proof(proof, slot))
            step()
        return {
            "address": data(address),
            "accountProof": [data(node) for node in proof.nodes],
            "balance": quantity(proof.balance),
            "codeHash": data(proof.code_hash),
            "nonce": quantity(proof.nonce),
            "storageHash": data(proof.storage_root),
            "storageProof": [
                {"key": place, "value": quantity(slot.value), "proof": [data(node) for node in slot.nodes]}
                for place, slot in zip(places, found, strict=True)
            ],
        }
