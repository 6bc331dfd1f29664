"""Blocks, transactions, receipts and logs as the JSON objects of the Ethereum JSON-RPC specification."""

from __future__ import annotations

from typing import Any

import rlp
from eth.abc import BlockHeaderAPI

from dltui.chain.embedded.machine import BlockResult, Executed, LogEntry
from dltui.chain.embedded.transactions import Transaction

Json = dict[str, Any]


def quantity(number: int) -> str:
    """A number as JSON-RPC writes it: hex without leading zeros."""
    return hex(number)


def data(value: bytes) -> str:
    """Bytes as JSON-RPC writes them: hex, two digits a byte."""
    return "0x" + value.hex()


def block_json(header: BlockHeaderAPI, raws: list[bytes]) -> Json:
    """The block object without its `transactions`; `raws` (all signed transactions) give its size."""
    body = [raw if raw[0] < 0xC0 else rlp.decode(raw) for raw in raws]
    size = len(rlp.encode([rlp.decode(rlp.encode(header)), body, [], []]))
    return {
        "number": quantity(header.block_number),
        "hash": data(header.hash),
        "parentHash": data(header.parent_hash),
        "nonce": data(header.nonce),
        "sha3Uncles": data(header.uncles_hash),
        "logsBloom": data(header.bloom.to_bytes(256, "big")),
        "transactionsRoot": data(header.transaction_root),
        "stateRoot": data(header.state_root),
        "receiptsRoot": data(header.receipt_root),
        "miner": data(header.coinbase),
        "difficulty": quantity(header.difficulty),
        "totalDifficulty": "0x0",
        "extraData": data(header.extra_data),
        "size": quantity(size),
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "timestamp": quantity(header.timestamp),
        "uncles": [],
        "mixHash": data(header.mix_hash),
        "baseFeePerGas": quantity(header.base_fee_per_gas),
        "withdrawals": [],
        "withdrawalsRoot": data(header.withdrawals_root),
        "blobGasUsed": quantity(header.blob_gas_used),
        "excessBlobGas": quantity(header.excess_blob_gas),
        "parentBeaconBlockRoot": data(header.parent_beacon_block_root),
    }


def transaction_json(block: BlockResult, position: int) -> Json:
    """The transaction object of the transaction at `position` of `block`."""
    executed = block.transactions[position]
    place = {
        "blockHash": data(block.hash),
        "blockNumber": quantity(block.number),
        "transactionIndex": quantity(position),
    }
    return _transaction(executed.tx, executed.price) | place


def pending_json(tx: Transaction) -> Json:
    """The transaction object of a transaction that waits for a block."""
    return _transaction(tx, tx.max_fee) | dict.fromkeys(("blockHash", "blockNumber", "transactionIndex"))


def _transaction(tx: Transaction, price: int) -> Json:
    signed = tx.signed
    result: Json = {
        "from": data(tx.sender),
        "gas": quantity(tx.gas),
        "gasPrice": quantity(price),
        "hash": data(tx.hash),
        "input": data(tx.data),
        "nonce": quantity(tx.nonce),
        "to": data(tx.to) if tx.to else None,
        "value": quantity(tx.value),
        "type": quantity(tx.kind),
        "r": quantity(signed.r),
        "s": quantity(signed.s),
    }
    if tx.kind == 0:
        return result | {"v": quantity(signed.v), "chainId": quantity((signed.v - 35) // 2)}
    if tx.kind == 2:
        result |= {
            "maxFeePerGas": quantity(tx.max_fee),
            "maxPriorityFeePerGas": quantity(tx.max_priority_fee),
        }
    return result | {
        "chainId": quantity(signed.chain_id),
        "v": quantity(signed.y_parity),
        "yParity": quantity(signed.y_parity),
        "accessList": [
            {"address": data(address), "storageKeys": [data(slot.to_bytes(32, "big")) for slot in slots]}
            for address, slots in signed.access_list
        ],
    }


def receipt_json(block: BlockResult, position: int) -> Json:
    """The receipt object of the transaction at `position` of `block`, without its `logs`."""
    executed: Executed = block.transactions[position]
    tx = executed.tx
    return {
        "transactionHash": data(tx.hash),
        "transactionIndex": quantity(position),
        "blockHash": data(block.hash),
        "blockNumber": quantity(block.number),
        "from": data(tx.sender),
        "to": data(tx.to) if tx.to else None,
        "cumulativeGasUsed": quantity(executed.cumulative_gas),
        "gasUsed": quantity(executed.gas_used),
        "contractAddress": data(executed.contract) if executed.contract is not None else None,
        "logsBloom": data(executed.bloom.to_bytes(256, "big")),
        "type": quantity(tx.kind),
        "status": quantity(executed.status),
        "effectiveGasPrice": quantity(executed.price),
    }


def log_json(
    entry: LogEntry, block_number: int, block_hash: bytes, tx_hash: bytes, tx_index: int, log_index: int
) -> Json:
    """The log object of `entry`; `log_index` counts within the block."""
    return {
        "address": data(entry.address),
        "topics": [data(topic) for topic in entry.topics],
        "data": data(entry.data),
        "blockNumber": quantity(block_number),
        "blockHash": data(block_hash),
        "transactionHash": data(tx_hash),
        "transactionIndex": quantity(tx_index),
        "logIndex": quantity(log_index),
        "removed": False,
    }


def logs_json(block: BlockResult) -> list[list[Json]]:
    """The log objects of `block`, a list for each transaction."""
    result: list[list[Json]] = []
    index = 0
    for position, executed in enumerate(block.transactions):
        logs = []
        for entry in executed.logs:
            logs.append(log_json(entry, block.number, block.hash, executed.tx.hash, position, index))
            index += 1
        result.append(logs)
    return result
