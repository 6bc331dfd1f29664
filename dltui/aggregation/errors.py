"""What can go wrong with bytes, numbers and blobs in an aggregation."""

from __future__ import annotations

from dltui.errors import BlobError, DltuiError, RunError


class Malformed(DltuiError):
    """The bytes are not a canonical blob of the expected kind; the message is the reason."""


class Unavailable(BlobError):
    """A candidate's blob cannot be fetched, so this member cannot compute the round and does not attest."""


class Overflow(RunError):
    """A weighted sum could leave the 63 bits that an exact signed sum has; nothing was added."""
