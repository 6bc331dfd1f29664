"""What lies in a run directory beside what a run writes: links, pipes and devices are refused, strangers are named."""

from __future__ import annotations

import re

from dltui.core.sanitize import clean
from dltui.files import check_tree
from dltui.rundir.paths import PIPES, RunPaths

MOST_NAMED = 5

_OWN = re.compile(
    r"""config\.toml | lock | (run|summary)\.json(\.tmp)? | journal/\d{6}\.jsonl
    | chain/(genesis\.json(\.(part|tmp))? | txs\.jsonl | state\.(json(\.(part|tmp))? | lock | sqlite(-wal|-shm)?))
    | chain/(anvil-image\.json | anvil/.*)
    | blobs/(?P<folder>[0-9a-f]{2})/((?P=folder)[0-9a-f]{62}|\.[0-9a-f]{16}\.tmp)
    | keys/(demo|clients)\.json(\.(part|tmp))? | logs/([\w-]+\.log|slot-\d+|queue) | exports/.*""",
    re.VERBOSE | re.ASCII,
)


def check(paths: RunPaths) -> str:
    """What was found. Raises MismatchError at the first thing that is neither a folder nor a regular file."""
    names = [path.relative_to(paths.root).as_posix() for path in check_tree(paths.root, PIPES)]
    strange = [clean(name, 80) for name in names if not _OWN.fullmatch(name)]
    said = f"{len(names)} regular files, no link among them"
    if not strange:
        return said
    more = f" and {len(strange) - MOST_NAMED} more" if len(strange) > MOST_NAMED else ""
    return f"{said}; no run writes {', '.join(strange[:MOST_NAMED])}{more}"
