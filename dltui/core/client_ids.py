"""The names by which clients are shown: what they call themselves, made harmless and unique."""

from __future__ import annotations

from dltui.core.sanitize import clean

LONGEST = 24
"""Characters of a shown id, before the part that makes it unique."""


def client_id(name: str, address: str, taken: dict[str, str]) -> str:
    """Return the id of the client at `address` that calls itself `name`; `taken` maps ids to their addresses.

    A name that is empty, or belongs to another address, gets the first six digits of the address behind it: so nobody
    can appear under a neighbour's name.
    """
    shown = " ".join(clean(name).split())[:LONGEST].strip()
    owner = taken.get(shown)
    if shown and shown != "operator" and owner in (None, address):
        return shown
    return f"{shown or 'client'}~{address[2:8].lower()}"
