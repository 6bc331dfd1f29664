"""Who may come in: pure rules about one request, so that they can be attacked in tests.

A page of another site can make a browser send requests to this port, and a name that an attacker controls can be made
to mean this machine (DNS rebinding). So the Host header must be the printed one, an Origin must be ours, and the token
must be there: once in the address, afterwards in a cookie that scripts and other sites do not get.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

TOKEN_BYTES = 32
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Sent with every answer."""


@dataclass(frozen=True)
class Door:
    """The rules for one server on 127.0.0.1; each start has its own token."""

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES), repr=False)

    @property
    def host(self) -> str:
        """The only Host header that is served."""
        return f"127.0.0.1:{self.port}"

    @property
    def origin(self) -> str:
        """The only Origin that may ask."""
        return f"http://{self.host}"

    @property
    def address(self) -> str:
        """What to open in a browser: the one place where the token is told."""
        return f"{self.origin}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """Name of the cookie. Cookies ignore ports, so the name has it."""
        return f"dltui-{self.port}"

    @property
    def policy(self) -> str:
        """Content-Security-Policy: scripts and fonts of this server only, nothing from the network."""
        return (
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
            f"img-src 'self' data:; connect-src 'self' ws://{self.host}; frame-ancestors 'none'; base-uri 'none'"
        )

    def refusal(self, headers: Mapping[str, str], query: Mapping[str, str], cookies: Mapping[str, str]) -> str:
        """Return why a request is refused; empty if it may come in. Tokens are compared in constant time."""
        if headers.get("Host", "") != self.host:
            return f"only {self.host} is served here"
        if headers.get("Origin", self.origin) != self.origin:
            return "another site may not ask"
        if not self.knows(query.get("token", "")) and not self.knows(cookies.get(self.cookie, "")):
            return "the token is missing or wrong: open the address that `dltui web` printed"
        return ""

    def knows(self, token: str) -> bool:
        """Return whether the token is the right one."""
        return hmac.compare_digest(token.encode("utf-8", "surrogatepass"), self.token.encode())
