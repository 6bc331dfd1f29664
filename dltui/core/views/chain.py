"""The chain and its gas as rows: figures from receipts only. Gas in gas, fees in wei, ages in seconds."""

from __future__ import annotations

import msgspec

from dltui.core import format as fmt
from dltui.core.state.entities import GasRow
from dltui.core.state.state import State

DEPLOY = "deploy "
"""How the name of a deployment's function begins."""
WARN_PERCENT = 80
"""Of the gas budget, from which it is said."""
LATE_SECONDS = 3.0
"""Without a block although one is due, from which the chain counts as slow."""
STALLED_SECONDS = 10.0
"""The same, from which it counts as stalled."""


class GasLine(msgspec.Struct, frozen=True):
    """Gas of one function, sender or round, with its share of the gas of all calls in per cent."""

    name: str
    txs: int
    gas: int
    fee: int
    share: int


class Budget(msgspec.Struct, frozen=True):
    """Gas used of a limit. `tone` is ok, warn (from 80 per cent) or bad (more than all)."""

    used: int
    limit: int
    percent: int
    tone: str


class ChainView(msgspec.Struct, frozen=True):
    """The chain pane. `age` and `age_tone` are of the last block; a block is due only if something awaits one."""

    state: str
    tone: str
    engine: str
    reason: str
    """Why this engine."""
    port: int
    chain_id: int
    pid: int | None
    block: int
    age: float | None
    age_text: str
    age_tone: str
    gas_per_block: tuple[int, ...]
    average: int
    highest: int
    gas: int
    fee: int
    price: int
    """Wei a gas, on average over the run."""
    money: str
    """The fees in the configured currency; empty if no rate is set."""
    txs: int
    reverted: int
    deployed: GasLine
    budget: Budget | None
    by_function: tuple[GasLine, ...]
    """Calls; deployments are apart."""
    by_client: tuple[GasLine, ...]
    by_round: tuple[GasLine, ...]
    contracts: tuple[tuple[str, str], ...]


_TONES = {"ready": "ok", "starting": "busy", "lost": "bad", "stopped": "idle"}


def chain_view(state: State, now: float) -> ChainView:
    """Return the node and what it has used."""
    chain = state.chain
    used = tuple(gas for _, gas in chain.blocks)
    at = fmt.unix(chain.block_at)
    age = max(0.0, now - at) if at is not None and chain.state != "stopped" else None
    calls = {name: row for name, row in chain.by_function.items() if not name.startswith(DEPLOY)}
    deployed = _sum([row for name, row in chain.by_function.items() if name.startswith(DEPLOY)])
    text, tone = _age(state, now, age)
    return ChainView(
        state=chain.state,
        tone=_TONES.get(chain.state, "idle"),
        engine=chain.engine,
        reason=chain.reason,
        port=chain.port,
        chain_id=chain.chain_id,
        pid=chain.pid,
        block=chain.block,
        age=age,
        age_text=text,
        age_tone=tone,
        gas_per_block=used,
        average=sum(used) // len(used) if used else 0,
        highest=max(used, default=0),
        gas=chain.gas,
        fee=chain.fee,
        price=chain.fee // chain.gas if chain.gas else 0,
        money=money(state, chain.fee),
        txs=chain.txs,
        reverted=chain.reverted,
        deployed=_gas_line("deployments", deployed, chain.gas),
        budget=budget(state),
        by_function=_gas_lines(calls, chain.gas - deployed.gas),
        by_client=_gas_lines(chain.by_sender, chain.gas),
        by_round=tuple(
            _gas_line("set-up" if number == 0 else f"round {number}", row, chain.gas)
            for number, row in sorted(chain.by_round.items())
        ),
        contracts=tuple(sorted(chain.contracts.items())),
    )


def budget(state: State) -> Budget | None:
    """Return all gas of the run, deployments too, against `[gas] budget`; None if none is set."""
    limit = state.setting("gas", "budget", 0)
    if limit <= 0:
        return None
    used = state.chain.gas
    percent = 100 * used // limit
    return Budget(used, limit, percent, "bad" if used > limit else "warn" if percent >= WARN_PERCENT else "ok")


def money(state: State, wei: int, digits: int = 2) -> str:
    """Return wei in the configured currency, half to even: `0.03 EUR`; empty if no rate is set."""
    rate = round(state.setting("gas", "rate", 0.0) * 10**6)
    if rate <= 0:
        return ""
    one, unit = 10 ** (24 - digits), 10**digits
    amount, rest = divmod(wei * rate, one)
    amount += 2 * rest > one or (2 * rest == one and amount % 2)
    return f"{amount // unit:,}.{amount % unit:0{digits}d} {state.setting('gas', 'currency', 'EUR')}"


def _age(state: State, now: float, age: float | None) -> tuple[str, str]:
    """Return the age of the last block in words and its tone.

    Blocks are made when something is sent, so a quiet chain is no slow one: only after a deadline, when anyone
    may send what closes the phase, is a block due.
    """
    if age is None:
        return fmt.NONE, "idle"
    current = state.in_flight
    overdue = min(age, now - current.deadline) if current is not None else 0.0
    if overdue >= STALLED_SECONDS:
        return f"stalled {fmt.seconds(int(age))}", "bad"
    return f"age {fmt.duration(age)}", "warn" if overdue >= LATE_SECONDS else "idle"


def _sum(rows: list[GasRow]) -> GasRow:
    return GasRow(sum(r.txs for r in rows), sum(r.gas for r in rows), sum(r.fee for r in rows))


def _gas_lines(rows: dict[str, GasRow], total: int) -> tuple[GasLine, ...]:
    ordered = sorted(rows.items(), key=lambda item: (-item[1].gas, item[0]))
    return tuple(_gas_line(name, row, total) for name, row in ordered)


def _gas_line(name: str, row: GasRow, total: int) -> GasLine:
    return GasLine(name, row.txs, row.gas, row.fee, (200 * row.gas + total) // (2 * total) if total else 0)
