"""Rows for any face: pure functions of the state, and of `now` in unix seconds, for ages and deadlines are shown."""

from __future__ import annotations

from dltui.core.views.chain import Budget, ChainView, GasLine, budget, chain_view
from dltui.core.views.clients import ClientRow, ClientTable, client_rows, client_state, shares
from dltui.core.views.events import EventRow, event_row
from dltui.core.views.models import RegistryRow, VersionTable, registry_rows
from dltui.core.views.round import Course, Phase, RoundRow, RoundView, round_row, round_view
from dltui.core.views.start import StartStep, start_steps
from dltui.core.views.status import StatusLine, alert_line, farewell, status_line
from dltui.core.views.wait import Waiting, limit, waiting, why

__all__ = [
    "Budget",
    "ChainView",
    "ClientRow",
    "ClientTable",
    "Course",
    "EventRow",
    "GasLine",
    "Phase",
    "RegistryRow",
    "RoundRow",
    "RoundView",
    "StartStep",
    "StatusLine",
    "VersionTable",
    "Waiting",
    "alert_line",
    "budget",
    "chain_view",
    "client_rows",
    "client_state",
    "event_row",
    "farewell",
    "limit",
    "registry_rows",
    "round_row",
    "round_view",
    "shares",
    "start_steps",
    "status_line",
    "waiting",
    "why",
]
