"""What lies outside run directories: files that ship with the program, public data sets, this user's state."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from dltui.errors import ConfigError


def top(name: str) -> Path:
    """A file or folder that ships beside the code, such as `demos` or `config.toml`.

    In a checkout it lies at the repository's root, in a wheel in `dltui/_top`. Raises ConfigError where it is missing.
    """
    package = Path(__file__).resolve().parent
    for place in (package / "_top" / name, package.parent / name):
        if place.exists():
            return place
    raise ConfigError("is missing from this installation", where=name, hint="install dltui again")


def data_dir(root: str = "") -> Path:
    """The folder of public data sets: `root`, or `data` in this user's cache folder where it is empty."""
    if root:
        return Path(root).expanduser()
    return platformdirs.user_cache_path("dltui") / "data"


def first_time(what: str) -> bool:
    """Whether this user meets `what` (a file name) for the first time, which is remembered from now on."""
    seen = platformdirs.user_state_path("dltui") / what
    try:
        seen.parent.mkdir(parents=True, exist_ok=True)
        seen.touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError:
        return True
    return True
