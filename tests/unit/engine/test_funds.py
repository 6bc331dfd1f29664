"""A client gets its money once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dltui.config.sections import load
from dltui.engine.funds import ETHER, fund_client

ADDRESS = "0x" + "aa" * 20


@pytest.mark.parametrize(("balance", "paid"), [(0, 2 * ETHER), (ETHER, 2 * ETHER), (2 * ETHER, 0), (3 * ETHER, 0)])
def test_who_has_its_money_is_not_paid_again(balance: int, paid: int) -> None:
    moved: list[int] = []
    rpc = cast(Any, SimpleNamespace(call=lambda method, address, block: hex(balance)))
    wallet = cast(Any, SimpleNamespace(transfer=lambda to, wei: moved.append(wei)))
    fund_client(rpc, wallet, ADDRESS, load(flags={"chain.funding": 2.0}))
    assert sum(moved) == paid
