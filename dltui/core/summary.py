"""What a run came to, as plain data for `summary.json` and the closing tables."""

from __future__ import annotations

from typing import Any

from dltui.core import format as fmt
from dltui.core.chain_states import RoundState
from dltui.core.state.entities import GasRow, Round
from dltui.core.state.state import State


def summarise(state: State, journal_head: str) -> dict[str, Any]:
    """Return the run's result: status, accuracy per version, gas per function, client and round, time per round.

    Accuracies in basis points, gas in gas, fees in wei, times in seconds; `journal_head` is the hash of the last line.
    """
    chain = state.chain
    start, end = fmt.unix(state.started_at), fmt.unix(state.finished_at or state.last_ts)
    return {
        "run": state.run,
        "version": state.version,
        "status": state.status,
        "exit_code": state.exit_code,
        "reason": state.reason,
        "seed": state.seed,
        "data_sha256": state.data.sha256 if state.data else None,
        "started_at": state.started_at,
        "finished_at": state.finished_at,
        "seconds": round(end - start, 3) if start is not None and end is not None else None,
        "rounds": {
            "target": state.target,
            "finalised": sum(r.state == RoundState.FINALISED for r in state.rounds.values()),
            "aborted": sum(r.state == RoundState.ABORTED for r in state.rounds.values()),
        },
        "released": state.released.number if state.released else None,
        "versions": [
            {
                "version": v.number,
                "round": v.round,
                "digest": v.digest,
                "cid": v.cid,
                "parent": v.parent,
                "state": "tainted" if v.tainted else v.state,
                "released": v.released,
                "accuracy_bp": v.accuracy_bp,
                "test_accuracy_bp": v.test_accuracy_bp,
                "test_loss": v.test_loss,
            }
            for _, v in sorted(state.versions.items())
        ],
        "gas": {
            **_row(GasRow(chain.txs, chain.gas, chain.fee)),
            "reverted": chain.reverted,
            "by_function": {name: _row(row) for name, row in _ranked(chain.by_function)},
            "by_client": {name: _row(row) for name, row in _ranked(chain.by_sender)},
            "by_round": {str(number): _row(row) for number, row in sorted(chain.by_round.items())},
        },
        "time": [_round(r) for _, r in sorted(state.rounds.items())],
        "journal": {"events": state.last_seq, "head": journal_head},
    }


def _round(shown: Round) -> dict[str, Any]:
    return {
        "round": shown.number,
        "state": shown.state,
        "attempt": shown.attempt,
        "reason": shown.reason,
        "selected": len(shown.selected),
        "submitted": len(shown.submitted),
        "included": sum(verdict.included for verdict in shown.verdicts),
        "late": sorted(shown.late),
        **shown.timing,
    }


def _row(row: GasRow) -> dict[str, int]:
    return {"txs": row.txs, "gas": row.gas, "fee": row.fee}


def _ranked(rows: dict[str, GasRow]) -> list[tuple[str, GasRow]]:
    return sorted(rows.items(), key=lambda item: (-item[1].gas, item[0]))
