"""Whether a host answers, known within seconds even if nothing ever answers. Imports nothing heavy."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request

PATIENCE = 2.5
"""Seconds until a host counts as out of reach."""


def unreachable(url: str) -> str:
    """Return why nothing can be fetched from `url`, or an empty text if its host answers.

    Any HTTP status is an answer. A thread asks, because the look-up of a name has no time limit of its own; it is left
    behind if it hangs.
    """
    said = [f"no answer within {PATIENCE} s"]

    def ask() -> None:
        try:
            urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=PATIENCE).close()
        except urllib.error.HTTPError:
            said.append("")
        except (OSError, ValueError) as error:
            said.append(str(getattr(error, "reason", error)))
        else:
            said.append("")

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return said[-1]
