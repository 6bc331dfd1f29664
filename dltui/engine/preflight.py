"""Everything that can be known before a run begins, asked before it begins: data, division, model, room on the disk.

A process of its own does it, so that the engine does not keep the data in memory and imports its own libraries in the
meantime. Torch is imported only if the model's size does not follow from arithmetic.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from dltui.aggregation.blobs.blob import LIMIT
from dltui.config.sections import Config
from dltui.core import refusal
from dltui.core.format import megabytes
from dltui.core.refusal import Refusal
from dltui.errors import ConfigError, DltuiError, RunError
from dltui.learning.plan import learning_spec
from dltui.lifeline import die_with_parent, name_process

if TYPE_CHECKING:
    from dltui.learning.data.datasets import Dataset
    from dltui.learning.plan import LearningPlan

SECONDS = 120.0
"""How long a check may take; a user's function may read a large data set."""
NEAR = 0.9
"""Share of the largest blob below which a model's numbers, without names and shapes, surely fit."""
NUMBER_BYTES = 4
"""A parameter in a model or an update."""
WHATEVER = (1, 1 << 20, 1 << 20)
"""Records that are large enough for every model."""
PASSED = refusal.encode(None)
"""What the check says if there is nothing to refuse."""


class Preflight:
    """The check of the learning part of `config` for a run in `folder`, under way since this object exists.

    Only a `new` run needs room for all of its rounds.
    """

    def __init__(self, config: Config, folder: Path, new: bool = True) -> None:
        self._answer, answer = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _answer_and_end(answer, config, folder if new else None)
        os.close(answer)

    def wait(self) -> None:
        """Return when the check is passed. Raises DltuiError with its reason if it is not."""
        try:
            ready, _, _ = select.select([self._answer], [], [], SECONDS)
            said = _read(self._answer) if ready else b""
        finally:
            self.close()
        if not ready:
            raise ConfigError(f"data and model could not be read within {SECONDS:.0f} s", where="the check before")
        if said == PASSED:
            return
        if (found := refusal.decode(said)) is not None:
            raise found.error()
        raise RunError("the check of data and model ended without an answer", hint="is there enough memory?")

    def close(self) -> None:
        """End the check, whether it has answered or not."""
        if self._pid:
            os.close(self._answer)
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0


def check_learning(config: Config, folder: Path | None) -> None:
    """Raise ConfigError if data, division, model, device or the disk under `folder` rule the run out; writes nothing.

    None for a folder that needs no room.
    """
    from dltui.learning.models import sizes
    from dltui.learning.training import task

    spec = learning_spec(config)
    model = spec.plan.model
    if ":" not in model:
        sizes.check(model, WHATEVER)
    data = task.data(spec)
    task.division(spec.plan, data)
    size = 0
    if ":" not in model:
        size = NUMBER_BYTES * sizes.parameters(model, data.input_shape, data.classes)
        if size > LIMIT:
            text = f"a model of more than {size:,} bytes; a blob has at most {LIMIT:,}"
            raise ConfigError(text, where=f"model {model}", hint="smaller records ([data] size), or another model")
    if not 0 < size < NEAR * LIMIT:
        size = _measured(spec.plan, data)
    if spec.device not in ("cpu", "auto"):
        from dltui.learning import runtime

        runtime.choose_device(spec.device)
    if folder is not None:
        _check_disk(config, size, folder)


def _measured(plan: LearningPlan, data: Dataset) -> int:
    """Bytes of the model's blob, which is made for that. Raises ConfigError for one that no run can use."""
    from dltui.engine.genesis import first_blobs
    from dltui.learning.models import models
    from dltui.learning.training import task

    return len(first_blobs(plan.model, models.tensors(task.model(plan, data)), plan.aggregation.rule)[0])


def _check_disk(config: Config, size: int, folder: Path) -> None:
    """Each round keeps an update of every client and a model, all of about the model's `size` in bytes."""
    need = config.run.rounds * (config.clients.count + 1) * size
    free = shutil.disk_usage(folder).free
    if need > free:
        raise ConfigError(
            f"{config.run.rounds} rounds of {config.clients.count} clients write about {megabytes(need)},"
            f" and {megabytes(free)} are free",
            where=str(folder.parent),
            hint="fewer rounds, a smaller model, or set DLTUI_RUNS to a folder with more room",
        )


def _answer_and_end(answer: int, config: Config, folder: Path | None) -> None:
    """The check's own process: it never returns."""
    code = 1
    try:
        die_with_parent(signal.SIGKILL)
        name_process("dltui-preflight")
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.write(answer, refusal.encode(_outcome(config, folder)))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _outcome(config: Config, folder: Path | None) -> Refusal | None:
    try:
        check_learning(config, folder)
    except DltuiError as error:
        return Refusal.of(error)
    except MemoryError:
        return Refusal(message="data and model do not fit into this machine's memory", where=config.data.dataset)
    return None


def _read(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, 65_536):
        parts.append(part)
    return b"".join(parts)
