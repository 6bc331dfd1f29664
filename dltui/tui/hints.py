"""The key of an action in running text, as it is under the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.dom import DOMNode

if TYPE_CHECKING:
    from dltui.tui.actions.catalog import Action
    from dltui.tui.playback import Story


def key_of(node: DOMNode, name: str) -> str:
    """The key that does it, for a sentence that begins with it; without a key, its name in the palette."""
    actions: dict[str, Action] = getattr(node.app, "actions", {})
    action = actions[name]
    return action.shown_key or f'"{action.label}" in the palette'


def answered(node: DOMNode, alert: str) -> bool:
    """A walkthrough does what the alert of this id asks for."""
    story: Story | None = getattr(node.app, "story", None)
    return story is not None and story.answers(alert)


def may_write(node: DOMNode) -> bool:
    """Keys of this screen can change something, so that hints may name them."""
    return not getattr(node.app, "read_only", False)


def filter_keys(node: DOMNode) -> str:
    """What becomes of a filter that nothing fits."""
    return f"{key_of(node, 'filter')} changes it, {key_of(node, 'back')} clears it"
