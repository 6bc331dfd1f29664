"""The public data sets that dltui knows by name, and where the files of a data set lie. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dltui.config.suggest import nearest
from dltui.errors import ConfigError
from dltui.resources import data_dir

Statistics = tuple[tuple[float, ...], tuple[float, ...]]
"""Mean and standard deviation of each channel."""

BUILT_IN = "mnist10k"
FOLDER = "folder:"

_GREY_STATISTICS = ((0.1307,), (0.3081,))


@dataclass(frozen=True)
class Published:
    """A public data set as torchvision reads it.

    `family` is torchvision's class, `split` EMNIST's. `archives` are the files that are downloaded, `unpacked` what
    they hold, both relative to `[data] root` in torchvision's own layout. `statistics` are the usual mean and standard
    deviation of each channel, for bytes scaled to 0 … 1. `download` is in MB.
    """

    name: str
    family: str
    host: str
    archives: tuple[str, ...]
    unpacked: tuple[str, ...]
    records: int
    shape: tuple[int, int, int]
    classes: int
    statistics: Statistics
    download: int
    split: str = ""

    def ready(self, root: str) -> Path:
        """Return the file that dltui made of it under `root` (see `file_of`), there or not."""
        return data_dir(root) / f"{self.name}.npz"


def _idx(name: str, family: str, host: str, statistics: Statistics) -> Published:
    parts = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    unpacked = tuple(f"{family}/raw/{part}-ubyte" for part in parts)
    archives = tuple(f"{file}.gz" for file in unpacked)
    download = 12 if family == "MNIST" else 31
    return Published(name, family, host, archives, unpacked, 70_000, (1, 28, 28), 10, statistics, download)


def _cifar(classes: int, folder: str, statistics: Statistics) -> Published:
    archive = f"cifar-{classes}-python.tar.gz"
    host = "https://www.cs.toronto.edu/~kriz/" + archive
    name, family = f"cifar{classes}", f"CIFAR{classes}"
    return Published(name, family, host, (archive,), (folder,), 60_000, (3, 32, 32), classes, statistics, 170)


def _emnist(split: str, records: int, classes: int) -> Published:
    files = tuple(
        f"EMNIST/raw/emnist-{split}-{part}-ubyte"
        for part in ("train-images-idx3", "train-labels-idx1", "test-images-idx3", "test-labels-idx1")
    )
    return Published(
        f"emnist-{split}",
        "EMNIST",
        "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",
        ("EMNIST/raw/gzip.zip",),
        files,
        records,
        (1, 28, 28),
        classes,
        ((0.1736,), (0.3317,)),
        562,
        split,
    )


CATALOG: dict[str, Published] = {
    known.name: known
    for known in (
        _idx("mnist", "MNIST", "https://ossci-datasets.s3.amazonaws.com/mnist/", _GREY_STATISTICS),
        _idx(
            "fashionmnist",
            "FashionMNIST",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            ((0.2860,), (0.3530,)),
        ),
        _cifar(10, "cifar-10-batches-py", ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))),
        _cifar(100, "cifar-100-python", ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762))),
        _emnist("balanced", 131_600, 47),
        _emnist("byclass", 814_255, 62),
        _emnist("bymerge", 814_255, 47),
        _emnist("digits", 280_000, 10),
        _emnist("letters", 145_600, 26),
        _emnist("mnist", 70_000, 10),
    )
}
"""Every data set that `dltui data get` fetches, by name."""

OFFLINE = f"what needs no network: {BUILT_IN}, a .npz file, {FOLDER}PATH, or module:function"


def statistics(name: str) -> Statistics | None:
    """Return the usual mean and standard deviation of each channel if the data set is a public one."""
    if name == BUILT_IN:
        return _GREY_STATISTICS
    return CATALOG[name].statistics if name in CATALOG else None


def is_plugin(name: str) -> bool:
    """Return whether `name` is written as `module:function`."""
    return ":" in name and not name.startswith(FOLDER) and not name.endswith(".npz")


def file_of(name: str, root: str) -> Path | None:
    """Return the file or folder that the data set `name` is read from; None for the built-in one and `module:function`.

    Raises ConfigError if it is not there, or `name` is no data set: the message says where it belongs and what
    works without it.
    """
    if name == BUILT_IN or is_plugin(name):
        return None
    if name in CATALOG:
        path = CATALOG[name].ready(root)
        if not path.is_file():
            raise ConfigError(f"{name} is not there yet", where=str(path), hint=f"dltui data get {name}; {OFFLINE}")
        return path
    if name.startswith(FOLDER):
        path = Path(name.removeprefix(FOLDER)).expanduser()
        if not path.is_dir():
            raise ConfigError("no such folder of images", where=str(path), hint=f"one sub-folder a class; {OFFLINE}")
        return path
    if name.endswith(".npz"):
        path = Path(name).expanduser()
        if path.exists() and not path.is_file():
            raise ConfigError(
                "is no regular file", where=str(path), hint=f"a data file is read more than once; {OFFLINE}"
            )
        if not path.is_file():
            raise ConfigError("no such data file", where=str(path), hint=f"put it there; {OFFLINE}")
        return path
    raise ConfigError("unknown data set", where=name[:80], hint=_known(name))


def _known(name: str) -> str:
    if name == "emnist":
        splits = ", ".join(known for known in CATALOG if known.startswith("emnist-"))
        return f"name its split: {splits}; {OFFLINE}"
    near = nearest(name, CATALOG)
    return (f"did you mean {near}? " if near else f"known: {', '.join(CATALOG)}; ") + OFFLINE
