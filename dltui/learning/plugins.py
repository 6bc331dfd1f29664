"""User code by name: `module:function`, for data sets and models that are not built in."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from dltui.errors import ConfigError

FAILS = (Exception, SystemExit)
"""What a user's code may raise; one that ends the process by `sys.exit` is no reason to end without a word."""


def load_function(name: str) -> Callable[..., Any]:
    """Return the callable that `module:function` names. Raises ConfigError if it cannot be imported."""
    module, _, function = name.partition(":")
    hint = "write it as module:function, with the module on PYTHONPATH"
    if not all(part.isidentifier() for part in module.split(".")) or not function.isidentifier():
        raise ConfigError("not a module:function", where=name, hint=hint)
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    except FAILS as error:
        raise ConfigError(f"{type(error).__name__}: {error}", where=name, hint=hint) from error
    if not callable(found):
        raise ConfigError("not a function", where=name, hint=hint)
    return found
