"""Version 0 as blobs: the same bytes in the check before the start, at the evaluator, and in `dltui model show`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from dltui.aggregation.blobs.manifest import first_version
from dltui.aggregation.errors import Malformed
from dltui.errors import ConfigError


def first_blobs(name: str, tensors: Mapping[str, NDArray[Any]], rule: str) -> tuple[bytes, bytes]:
    """The model blob and the manifest of version 0; raises ConfigError for a model that no blob can hold."""
    try:
        return first_version(tensors, rule)
    except Malformed as error:
        hint = "finite float32 numbers, none of the tensors empty, names of letters, digits, _ and ., 64 MiB in all"
        raise ConfigError(error.message, where=f"model {name}", hint=hint) from error
