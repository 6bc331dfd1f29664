"""Reading one transaction back from a run's own log: needs no engine and no node."""

from __future__ import annotations

from dltui.chain.contracts.decode import decode_tx, logged_tx
from dltui.chain.history.txlog import TxLog
from dltui.core import answers
from dltui.core import format as fmt
from dltui.core.answers import DecodedTx
from dltui.core.commands import new_command
from dltui.core.sanitize import clean
from dltui.rundir.metadata import read_run_json
from dltui.rundir.paths import find_run


def show(ref: str | None, hash: str, as_json: bool) -> int:
    """Print the decoded call of a transaction. Raises RunError for no hash, ChainError where the log lacks it."""
    new_command("tx.show", "cli", hash=hash)
    paths = find_run(ref)
    contracts = {address: name for name, address in read_run_json(paths)["addresses"].items()}
    found = decode_tx(logged_tx(TxLog(paths.txs), hash), contracts)
    print(answers.encode(found) if as_json else "\n".join(_lines(found)))
    return 0


def _lines(tx: DecodedTx) -> list[str]:
    called = f"{tx.contract}.{tx.function}" if tx.contract else tx.function
    rows = [
        ("call", called),
        *((f"  {name}", clean(text)) for name, text in tx.arguments),
        ("to", tx.to or "a new contract"),
        ("value", f"{fmt.ether(tx.value)} ETH"),
        ("nonce", str(tx.nonce)),
        ("gas limit", f"{tx.gas_limit:,}"),
        ("highest fee", f"{tx.max_fee:,} wei per gas, tip {tx.max_tip:,}"),
    ]
    return [f"{name:<16} {text}" for name, text in rows]
