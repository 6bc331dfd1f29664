"""A command line function for each declared command: its arguments, options and help are those of the declaration."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Optional, get_args, get_type_hints

import msgspec
import typer
from msgspec import NODEFAULT, Meta

from dltui.cli.console import guarded
from dltui.core.commands import Declaration

Run = Annotated[Optional[str], typer.Option("--run", help="Id, prefix or path of a run (default: the newest).")]  # noqa: UP045
Force = Annotated[
    bool,
    typer.Option("--force", help="Send it although the contract would refuse it: it costs gas and changes nothing."),
]
_HIGHEST = 2**32 - 1
"""A limit that help does not name."""


def function_of(command: Declaration) -> Callable[..., None]:
    """Return the function that sends this command to the engine of a run, as Typer takes it."""

    def function(context: typer.Context, run: str | None, **given: Any) -> None:
        def ask() -> int:
            from dltui.cli import running

            send = running.check if command.checks else running.send
            return send(run, command.name, **{name: _value(command, name, value) for name, value in given.items()})

        raise typer.Exit(guarded(ask, (context.obj or {}).get("debug", False)))

    hints = get_type_hints(command.args, include_extras=True)
    own = [_parameter(field, hints[field.name]) for field in msgspec.structs.fields(command.args)]
    force = [_keyword("force", Force, default=False)] if command.transaction else []
    parameters = [_keyword("context", typer.Context), *own, *force, _keyword("run", Run, default=None)]
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    function.__annotations__ = {each.name: each.annotation for each in parameters}
    function.__doc__ = command.help
    return function


def _parameter(field: msgspec.structs.FieldInfo, hint: Any) -> inspect.Parameter:
    """The argument, option or flag of a field, as `Args` says."""
    plain, meta = _described(hint)
    if isinstance(field.default, str):
        flag = typer.Option(f"--{_other(plain, field.default)}", help=meta.description)
        return _keyword(field.name, Annotated[bool, flag], default=False)
    limits: dict[str, Any] = {"min": meta.ge, "max": None if meta.le == _HIGHEST else meta.le}
    if field.default is NODEFAULT:
        return _keyword(field.name, Annotated[plain, typer.Argument(help=meta.description, **limits)])
    option = typer.Option(f"--{field.name}", help=meta.description, **limits)
    return _keyword(field.name, Annotated[Optional[plain], option], default=field.default)  # noqa: UP045


def _value(command: Declaration, name: str, given: Any) -> Any:
    """What a flag stands for; any other value is itself."""
    fields = {field.name: field for field in msgspec.structs.fields(command.args)}
    default = fields[name].default if name in fields else None
    if not (isinstance(default, str) and isinstance(given, bool)):
        return given
    plain, _ = _described(get_type_hints(command.args, include_extras=True)[name])
    return _other(plain, default) if given else default


def _other(words: Any, default: str) -> str:
    """The word of two that is not the default."""
    return str(next(word for word in get_args(words) if word != default))


def _described(hint: Any) -> tuple[Any, Meta]:
    """The plain type and the description of a field that may be optional."""
    annotated = next((part for part in (hint, *get_args(hint)) if hasattr(part, "__metadata__")), hint)
    meta = next((each for each in getattr(annotated, "__metadata__", ()) if isinstance(each, Meta)), Meta())
    return (get_args(annotated)[0] if annotated is not hint or hasattr(hint, "__metadata__") else hint), meta


def _keyword(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
