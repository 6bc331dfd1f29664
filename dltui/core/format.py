"""Short forms of hashes, gas, fees, times and accuracies, the same in every face."""

from __future__ import annotations

import signal
from contextlib import suppress
from datetime import datetime

NONE = "-"

SYMBOLS: dict[str, tuple[str, str]] = {
    "ok": ("●", "o"),
    "busy": ("◐", "~"),
    "wait": ("◌", "?"),
    "warn": ("▲", "!"),
    "bad": ("✖", "x"),
    "idle": ("○", "."),
    "done": ("✔", "+"),
}
"""Symbol of a tone, and its plain twin. A symbol always stands beside a word."""


def symbol(tone: str, ascii: bool = False) -> str:
    """Return the symbol of a tone (a key of SYMBOLS)."""
    return SYMBOLS.get(tone, SYMBOLS["idle"])[1 if ascii else 0]


def short(hash: str, head: int = 4, tail: int = 4) -> str:
    """Return a hash or address shortened: `0x71c2…9e4f`."""
    prefix = "0x" if hash.startswith("0x") else ""
    body = hash[len(prefix) :]
    return hash if len(body) <= head + tail + 1 else f"{prefix}{body[:head]}…{body[-tail:]}"


def gas(amount: int) -> str:
    """Return gas in three figures: 812, 81.9k, 214k, 4.12M."""
    for unit, factor in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if amount >= factor:
            digits = 2 if amount < 10 * factor else 1 if amount < 100 * factor else 0
            return f"{amount / factor:.{digits}f}{unit}" if amount < 10**18 else f"{amount // factor:,}{unit}"
    return str(amount)


def megabytes(count: int) -> str:
    """Return bytes in MB: 0.032 MB, 0.2 MB, 44.7 MB."""
    return f"{count / 1e6:.{1 if count >= 100_000 else 3}f} MB"


def ether(wei: int) -> str:
    """Return wei as ether, six decimals, rounded down, exact: 0.004118."""
    sign, wei = ("-", -wei) if wei < 0 else ("", wei)
    return f"{sign}{wei // 10**18:,}.{wei % 10**18 // 10**12:06d}"


def accuracy(bp: int | None, digits: int = 3) -> str:
    """Return basis points as a fraction: 0.912; a dash if unknown."""
    return NONE if bp is None else f"{bp / 10_000:.{digits}f}"


def delta(bp: int | None, digits: int = 3) -> str:
    """Return a change in basis points, signed: +0.021; empty if unknown."""
    return "" if bp is None else f"{bp / 10_000:+.{digits}f}"


def percent(bp: int | None) -> str:
    """Return basis points as per cent: 18.2%, 100%; a dash if unknown."""
    return NONE if bp is None else "100%" if bp == 10_000 else f"{bp / 100:.1f}%"


def arrow(now: int | float | None, before: int | float | None) -> str:
    """Return ▲ or ▼ for a change, empty if there is none or it is unknown."""
    if now is None or before is None or now == before:
        return ""
    return "▲" if now > before else "▼"


def number(value: float | None, digits: int = 3) -> str:
    """Return a measured number; a dash if unknown."""
    return NONE if value is None else f"{value:.{digits}f}" if abs(value) < 10_000 else f"{value:.2g}"


def duration(seconds: float) -> str:
    """Return a length of time: 0.4 s, 41 s, 2 min 05 s, 3 h 07 min."""
    seconds = max(0.0, seconds)
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"
    return f"{int(seconds) // 3600:,} h {int(seconds) % 3600 // 60:02d} min"


def seconds(count: int) -> str:
    """Return whole seconds, as a countdown shows them: 7 s, 2 min 05 s."""
    return f"{count} s" if abs(count) < 100 else duration(count)


def clock(seconds: float) -> str:
    """Return elapsed time as 00:02:41."""
    whole = int(max(0.0, seconds))
    return f"{whole // 3600:02d}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def unix(ts: str) -> float | None:
    """Return the unix seconds of an event's time; None if it is none."""
    try:
        return datetime.fromisoformat(ts.replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return None


def age(ts: str, now: float) -> str:
    """Return how long ago an event was, in at most five characters: 41 s, 12m, 3h07m, 140h; a dash if unknown."""
    at = unix(ts)
    if at is None:
        return NONE
    past = int(max(0.0, now - at))
    if past < 100:
        return f"{past} s"
    if past < 3_600:
        return f"{past // 60}m"
    return f"{past // 3600}h{past % 3600 // 60:02d}m" if past < 36_000 else f"{past // 3600}h"


def time_of_day(ts: str) -> str:
    """Return the time of an event's timestamp with tenths: 14:02:11.4."""
    return ts[11:21] if len(ts) >= 21 else ts


def names(who: tuple[str, ...] | list[str], most: int = 5) -> str:
    """Return a list of names: `a, b and c`, at most `most` of them and then how many more."""
    shown = list(who[:most])
    if len(who) > most:
        return f"{', '.join(shown)} and {len(who) - most} more"
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: 1 update, 3 updates."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def ending(code: int) -> str:
    """Return how a process ended: `ended with code 1`, or `was ended by SIGKILL`, whose code is -9."""
    if code >= 0:
        return f"ended with code {code}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"
