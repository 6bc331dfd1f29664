"""The part of a run's configuration that the contract enforces."""

from __future__ import annotations

from dltui.chain.contracts.bound import Plan
from dltui.config.sections import Config
from dltui.learning.plan import LearningPlan


def contract_plan(config: Config) -> Plan:
    """Return the plan as the contract holds it; windows in seconds."""
    rounds = config.rounds
    return Plan(
        plan_hash=bytes.fromhex(LearningPlan.of(config).hash),
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
