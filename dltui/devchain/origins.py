"""Who may ask the node: programs of this machine, and no web page of somebody else's."""

from __future__ import annotations

from urllib.parse import urlsplit

_NAMES = ("localhost", "127.0.0.1", "::1")
_WALLETS = ("chrome-extension", "moz-extension", "safari-web-extension")


def may_ask(host: str, origin: str | None) -> bool:
    """Whether a request with these headers is answered.

    A `Host` that is not this machine is a page whose name was rebound to it. An `Origin` is sent by browsers: pages of
    this machine and wallets (extensions, whose origin no page can claim) may ask.
    """
    return _is_loopback(f"//{host}") and (origin is None or _is_wallet(origin) or _is_loopback(origin))


def _is_loopback(url: str) -> bool:
    try:
        return urlsplit(url).hostname in _NAMES
    except ValueError:
        return False


def _is_wallet(origin: str) -> bool:
    return origin.partition("://")[0] in _WALLETS
