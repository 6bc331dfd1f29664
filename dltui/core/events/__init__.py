"""The typed events of a run: facts in the past tense, one class a kind, one module a topic.

An event is declared in its topic module and nowhere else; a new topic is one more line here.
"""

from __future__ import annotations

from typing import Any

import msgspec

from dltui.core.envelope import KINDS, LOGS, VERSION, ChainFact, Event, Names, Payload, Unknown
from dltui.core.events.chain import *  # noqa: F403
from dltui.core.events.consent import *  # noqa: F403
from dltui.core.events.learning import *  # noqa: F403
from dltui.core.events.membership import *  # noqa: F403
from dltui.core.events.models import *  # noqa: F403
from dltui.core.events.operator import *  # noqa: F403
from dltui.core.events.outcomes import *  # noqa: F403
from dltui.core.events.processes import *  # noqa: F403
from dltui.core.events.rounds import *  # noqa: F403
from dltui.core.events.run import *  # noqa: F403
from dltui.core.events.transactions import *  # noqa: F403
from dltui.core.ledger import Ledger

__all__ = ["KINDS", "LOGS", "VERSION", "ChainFact", "Event", "Names", "Payload", "Unknown", "payload_from", "record"]

RECORDED = frozenset(log for log, fact in LOGS.items() if fact.record is not ChainFact.record)
"""The contracts' events that change a ledger."""


def payload_from(kind: str, fields: Any) -> Payload:
    """Return the typed data of an event of `kind`; `Unknown` for a kind of a newer version.

    Raises `msgspec.ValidationError` if a known kind's fields are missing or of another type.
    """
    cls = KINDS.get(kind)
    if cls is None:
        return Unknown(kind=kind, fields=dict(fields) if isinstance(fields, dict) else {})
    return msgspec.convert(fields, cls)


def record(ledger: Ledger, log: str, args: dict[str, Any]) -> None:
    """Change the ledger as a contract's event of that name says; one that is not known here changes nothing.

    Raises LookupError if nothing before led to it.
    """
    fact = LOGS.get(log)
    if fact is not None:
        fact.record(ledger, args)
