"""Blocks, transactions, receipts and logs as the JSON objects of the Ethereum JSON-RPC specification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rlp

from dltui.chain.transactions import Transaction
from dltui.devchain.evm import Executed, Header
from dltui.devchain.machine import BlockResult

Json = dict[str, Any]


def quantity(number: int) -> str:
    """Return a number as JSON-RPC writes it: hex without leading zeros."""
    return hex(number)


def data(value: bytes) -> str:
    """Return bytes as JSON-RPC writes them: hex, two digits a byte."""
    return "0x" + value.hex()


def block_json(header: Header, raws: list[bytes]) -> Json:
    """Return the block object without its `transactions`; `raws` (all signed transactions) give its size."""
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
    """Return the transaction object of the transaction at `position` of `block`."""
    executed = block.transactions[position]
    return _transaction(executed.tx, executed.price, (data(block.hash), quantity(block.number), quantity(position)))


def pending_json(tx: Transaction) -> Json:
    """Return the transaction object of a transaction that waits for a block."""
    return _transaction(tx, tx.max_fee, (None, None, None))


def _transaction(tx: Transaction, price: int, place: tuple[str | None, str | None, str | None]) -> Json:
    """Return the transaction object with `place`: hash and number of the block, and the position in it."""
    result: Json = {
        "blockHash": place[0],
        "blockNumber": place[1],
        "from": data(tx.sender),
        "gas": quantity(tx.gas),
        "gasPrice": quantity(price),
        "hash": data(tx.hash),
        "input": data(tx.data),
        "nonce": quantity(tx.nonce),
        "to": data(tx.to) if tx.to else None,
        "transactionIndex": place[2],
        "value": quantity(tx.value),
        "type": quantity(tx.kind),
        "r": quantity(tx.r),
        "s": quantity(tx.s),
    }
    if tx.kind == 0:
        return result | {"v": quantity(tx.v), "chainId": quantity(tx.chain_id)}
    if tx.kind == 2:
        result |= {
            "maxFeePerGas": quantity(tx.max_fee),
            "maxPriorityFeePerGas": quantity(tx.max_priority_fee),
        }
    return result | {
        "chainId": quantity(tx.chain_id),
        "v": quantity(tx.v),
        "yParity": quantity(tx.v),
        "accessList": [
            {"address": data(address), "storageKeys": [data(slot.to_bytes(32, "big")) for slot in slots]}
            for address, slots in tx.access_list
        ],
    }


def receipt_json(block: BlockResult, position: int) -> Json:
    """Return the receipt object of the transaction at `position` of `block`, without its `logs`."""
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


def log_json(row: Sequence[Any]) -> Json:
    """Return the log object of a row of the index.

    A row is number, hash and time of the block, hash and position of the transaction, position of the log in the block,
    address, four topics (None at the end if there are fewer), and data."""
    number, block_hash, timestamp, tx_hash, tx_index, log_index, address, *topics, payload = row
    return {
        "address": data(address),
        "topics": [data(topic) for topic in topics if topic is not None],
        "data": data(payload),
        "blockNumber": quantity(number),
        "blockHash": data(block_hash),
        "blockTimestamp": timestamp,
        "transactionHash": data(tx_hash),
        "transactionIndex": quantity(tx_index),
        "logIndex": quantity(log_index),
        "removed": False,
    }
