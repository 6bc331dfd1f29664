"""The model registry as rows."""

from __future__ import annotations

import msgspec

from dltui.core import format as fmt
from dltui.core.chain_states import VersionState
from dltui.core.state.entities import Version
from dltui.core.state.state import State


class RegistryRow(msgspec.Struct, frozen=True):
    """A version: texts to show, and the values behind them to sort by. Accuracies in basis points."""

    version: int
    label: str
    tone: str
    word: str
    """initial, genesis, review, verified, approved, released, rejected or tainted."""
    accuracy: str
    """The committee's median on its members' held-out records."""
    test_accuracy: str
    change: str
    """Of the committee's figure against the parent's: ▲ or ▼, empty if it is equal or unknown."""
    test_change: str
    digest: str
    cid: str
    round: int
    parent: str
    branches: bool
    """Its parent is not the version before it."""
    base: bool
    """The next round starts from it."""
    by: str
    awaiting: bool
    released: bool
    accuracy_bp: int | None
    test_accuracy_bp: int | None


class VersionTable:
    """The versions of a moment, newest first."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._base = state.base
        self.ids = sorted(state.versions, reverse=True)

    def row(self, id: int) -> RegistryRow:
        """Return the row of one version. Raises KeyError if there is none."""
        version = self._state.versions[id]
        parent = self._state.versions.get(version.parent) if version.parent is not None else None
        tone, word = _state(self._state, version, self._base)
        return RegistryRow(
            version=version.number,
            label=f"v{version.number}",
            tone=tone,
            word=word,
            accuracy=fmt.accuracy(version.accuracy_bp),
            test_accuracy=fmt.accuracy(version.test_accuracy_bp),
            change=fmt.arrow(version.accuracy_bp, parent.accuracy_bp) if parent is not None else "",
            test_change=fmt.arrow(version.test_accuracy_bp, parent.test_accuracy_bp) if parent is not None else "",
            digest=version.digest,
            cid=version.cid,
            round=version.round,
            parent=f"v{version.parent}" if version.parent is not None else fmt.NONE,
            branches=version.parent is not None and version.parent != version.number - 1,
            base=self._base is version,
            by=version.by,
            awaiting=version.state == VersionState.VERIFIED and not version.tainted,
            released=version.released,
            accuracy_bp=version.accuracy_bp,
            test_accuracy_bp=version.test_accuracy_bp,
        )


def registry_rows(state: State) -> list[RegistryRow]:
    """Return every version, newest first."""
    table = VersionTable(state)
    return [table.row(id) for id in table.ids]


def _state(state: State, version: Version, base: Version | None) -> tuple[str, str]:
    if version.state == VersionState.REJECTED:
        return "bad", "rejected"
    if version.tainted:
        return "bad", "tainted"
    if version.released:
        # The first one is untrained, and in use only until there is another: to go back to it is a release.
        chosen = any(other.state == VersionState.APPROVED for other in state.versions.values() if other is not version)
        return "done", "released" if chosen or version.parent is not None else "initial"
    if version.parent is None:
        return "done", "genesis"
    if version.state == VersionState.APPROVED:
        return "done", "approved"
    return ("warn", "review") if state.require_approval and base is version else ("ok", "verified")
