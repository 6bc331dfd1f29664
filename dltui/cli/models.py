"""`dltui model show`: how large models are, and how long a round of each takes on this machine."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from dltui.cli.console import guarded
from dltui.cli.options import flags, with_flags
from dltui.config.sections import Config


@dataclass(frozen=True)
class Size:
    """One model: numbers that training changes, bytes of its blob, seconds of a step and of a round's training."""

    model: str
    parameters: int
    bytes: int
    step_seconds: float
    round_seconds: float


@with_flags("dataset", "clients")
def show(
    context: typer.Context,
    names: Annotated[Optional[list[str]], typer.Argument(metavar="[NAME]...", help="Default: all built-in.")] = None,  # noqa: UP045
    config: Annotated[Optional[Path], typer.Option("--config", help="A TOML file (default: ./config.toml).")] = None,  # noqa: UP045
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    **given: Any,
) -> None:
    """Measure models by a few real steps: parameters, bytes of an update, training time of a round."""

    def measure() -> int:
        from dltui.cli.running import effective

        return _print(effective(config, flags(given)), names or [], as_json)

    raise typer.Exit(guarded(measure, (context.obj or {}).get("debug", False)))


def _print(config: Config, names: Sequence[str], as_json: bool) -> int:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from dltui.core import format as fmt

    sizes, left_out = _sizes(config, names)
    if as_json:
        print(json.dumps([dataclasses.asdict(size) for size in sizes]))
        return 0
    table = Table(box=None, pad_edge=False)
    for column in ("model", "parameters", "update", "a step", "training a round"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for size in sizes:
        step, whole = f"{size.step_seconds * 1000:,.1f} ms", fmt.duration(size.round_seconds)
        table.add_row(Text(size.model), f"{size.parameters:,}", fmt.megabytes(size.bytes), step, whole)
    Console().print(table)
    for reason in left_out:
        print(reason)
    clients = fmt.plural(config.clients.count, "client")
    steps = f"batches of {config.training.batch_size} on {config.clients.device}"
    print(f"\nMeasured here for {clients} and {config.data.dataset}, {steps}; chain and committee come on top.")
    return 0


def _sizes(config: Config, names: Sequence[str]) -> tuple[list[Size], list[str]]:
    """The sizes of the models called `names`, or of all built-in ones that suit the data, and why others do not."""
    import msgspec

    from dltui.engine.genesis import first_blobs
    from dltui.errors import ConfigError
    from dltui.learning import runtime
    from dltui.learning.models import models
    from dltui.learning.plan import learning_spec
    from dltui.learning.runtime import warm
    from dltui.learning.training import estimate, task

    spec = learning_spec(config)
    plan = spec.plan
    warm()  # a client does not pay for torch's start either
    runtime.use_threads(spec.threads)
    data, settings, device = task.data(spec), plan.training, runtime.choose_device(spec.device)
    clients = task.division(plan, data).clients
    x, y = data.tensors(clients[0].train, device)
    sizes, left_out = [], []
    for name in names or models.MODELS:
        try:
            model = task.model(msgspec.structs.replace(plan, model=name), data).to(device)
            blob, _ = first_blobs(name, models.tensors(model), plan.aggregation.rule)
        except ConfigError as error:
            if names:
                raise
            left_out.append(f"{name}: {error.message}")
            continue
        step = estimate.step_seconds(model, x, y, settings)
        whole = estimate.round_seconds(step, [len(client.train) for client in clients], settings, spec.slots)
        sizes.append(Size(name, models.parameters(model), len(blob), step, whole))
    return sizes, left_out
