"""From stored records to a model's input: channels, size, scale and normalisation, the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dltui.errors import ConfigError
from dltui.learning.data.catalog import Statistics


@dataclass(frozen=True)
class Preparation:
    """What is done to every record. `channels` and `size` 0 leave it as it came, `statistics` None does so too."""

    channels: int = 0
    size: int = 0
    statistics: Statistics | None = None

    def shape(self, stored: tuple[int, int, int], where: str) -> tuple[int, int, int]:
        """Return (c, h, w) of a prepared record of the `stored` shape. Raises ConfigError if it cannot be prepared."""
        channels, height, width = stored
        wanted = self.channels or channels
        if wanted != channels and {wanted, channels} != {1, 3}:
            raise ConfigError(f"records have {channels} channels, not {wanted}", where=where, hint="1 and 3 convert")
        if self.statistics is not None and {len(part) for part in self.statistics} not in ({1}, {wanted}):
            hint = f"[data] normalise = [[mean, …], [std, …]] with {wanted} numbers each, or one for all channels"
            raise ConfigError(f"normalisation for another number of channels than {wanted}", where=where, hint=hint)
        return wanted, self.size or height, self.size or width

    def apply(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """Return stored records (k, c, h, w), uint8 or float32, as the model's float32 input.

        Bytes 0 … 255 become 0 … 1, a constant of the schema, so no statistic of the data leaves its owner; float
        records keep their scale. Then each channel is shifted by the mean and divided by the deviation.
        """
        if self.channels and self.channels != x.shape[1]:
            x = np.repeat(x, 3, axis=1) if self.channels == 3 else _grey(x)
        if self.size and x.shape[2:] != (self.size, self.size):
            x = _resized(x, self.size)
        if x.dtype == np.uint8:
            x = x.astype(np.float32) / np.float32(255)
        if self.statistics is not None:
            mean, deviation = (np.array(part, np.float32)[:, None, None] for part in self.statistics)
            x = (x - mean) / deviation
        return np.ascontiguousarray(x, dtype=np.float32)


def _grey(x: NDArray[Any]) -> NDArray[Any]:
    """Luma of ITU-R BT.601 in whole thousandths; for bytes in integers, so that no machine rounds otherwise."""
    red, green, blue = (x[:, [channel]] for channel in range(3))
    if x.dtype == np.uint8:
        wide = 299 * red.astype(np.uint32) + 587 * green.astype(np.uint32) + 114 * blue.astype(np.uint32)
        return ((wide + 500) // 1000).astype(np.uint8)
    grey: NDArray[Any] = np.float32(0.299) * red + np.float32(0.587) * green + np.float32(0.114) * blue
    return grey


def _resized(x: NDArray[Any], size: int) -> NDArray[Any]:
    """Bilinear with antialiasing; Pillow computes bytes in fixed point, which is exact everywhere."""
    out = np.empty((*x.shape[:2], size, size), x.dtype)
    for record in range(len(x)):
        for channel in range(x.shape[1]):
            plane = Image.fromarray(x[record, channel])
            out[record, channel] = np.asarray(plane.resize((size, size), Image.Resampling.BILINEAR))
    return out
