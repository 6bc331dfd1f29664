"""The plans on chain: the run's own is in force at the end, and enforces what the configuration says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from dltui.config.sections import Config
from dltui.errors import MismatchError
from dltui.protocol.contract_plan import contract_plan


def check(plans: Mapping[int, Mapping[str, Any]], config: Config, where: str) -> None:
    """Compare the plans (number to the contract's struct) with `config`; raises MismatchError.

    The hash alone would not do: the operator may set a plan with the run's hash and a committee of one. And only a
    federation that is older than the run has other plans: what rounds under them came to cannot be recomputed.
    """
    ours = contract_plan(config)
    found = [plan["planHash"].hex() for plan in plans.values()]
    if found and found[-1] != ours.plan_hash.hex():
        raise MismatchError(f"gives plan {ours.plan_hash.hex()}, on chain is {found[-1]}", where=where)
    for number, plan in plans.items():
        if plan["planHash"] != ours.plan_hash:
            if not config.chain.federation:
                raise MismatchError(f"plan {number} on chain is another than the run's", where=where)
            continue
        for field, value in zip(fields(ours), plan.values(), strict=True):
            expected = getattr(ours, field.name)
            if value != expected:
                text = f"plan {number} on chain has the run's hash, but {field.name} {value} instead of {expected}"
                raise MismatchError(text, where=where)
