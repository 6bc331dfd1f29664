"""JSON-RPC 2.0: from the bytes of a request to the bytes of its answer, whatever the bytes are."""

from __future__ import annotations

import time
from typing import Any, Protocol

import msgspec

from dltui.core.safe_json import decode_json
from dltui.devchain import fair_queue, params
from dltui.devchain.params import RpcFault

MAX_BODY = 4 * 1024 * 1024
"""Largest request in bytes."""
MAX_BATCH = 200
"""Most calls in one request."""
MAX_ANSWER = 32 * 1024 * 1024
"""Size in bytes after which the rest of a batch is not executed."""
BATCH_SECONDS = 30.0
"""Time after which the rest of a batch is not executed."""

MAX_VALUES = 100_000
"""Most values in one request."""
_MAX_ID = 256
_PART = 128 * 1024


class Dispatcher(Protocol):
    """Executes methods."""

    def call(self, method: str, given: Any) -> Any:
        """Return the result of `method` with the parameters `given`; every failure is an `RpcFault`."""


def answer(dispatcher: Dispatcher, body: bytes | bytearray) -> bytes:
    """Return the answer to one request, a single call or a batch; empty if there were notifications only.

    Never raises for what a stranger sent.
    """
    if _has_too_many_values(body):
        return refusal(RpcFault(params.INVALID_REQUEST, f"the request has more than {MAX_VALUES} values"))
    try:
        request = decode_json(bytes(body))
    except ValueError:
        return refusal(RpcFault(params.PARSE_ERROR, "the request is not JSON"))
    if not isinstance(request, list):
        return _one(dispatcher, request)
    if not request:
        return refusal(RpcFault(params.INVALID_REQUEST, "empty batch"))
    if len(request) > MAX_BATCH:
        return refusal(RpcFault(params.INVALID_REQUEST, f"batch of more than {MAX_BATCH} calls"))
    answers = _batch(dispatcher, request)
    return b"[" + b",".join(answers) + b"]" if answers else b""


def _has_too_many_values(body: bytes | bytearray) -> bool:
    """Return whether a request would take long to decode; found in its first part if it consists of nothing else."""
    values = 0
    for start in range(0, len(body), _PART):
        part = body[start : start + _PART]
        values += len(part) - len(part.translate(None, b",[{"))
        if values > MAX_VALUES:
            return True
    return False


def refusal(fault: RpcFault, identity: Any = None) -> bytes:
    """Return an answer that is an error."""
    error = {"code": fault.code, "message": fault.message}
    if fault.data is not None:
        error["data"] = fault.data
    return msgspec.json.encode({"jsonrpc": "2.0", "id": identity, "error": error})


def _batch(dispatcher: Dispatcher, requests: list[Any]) -> list[bytes]:
    answers, size, end = [], 0, time.monotonic() + BATCH_SECONDS
    for request in requests:
        one = _one(dispatcher, request, _declined(size, end))
        size += len(one)
        if one:
            answers.append(one)
    return answers


def _declined(size: int, end: float) -> RpcFault | None:
    """Return why the next call of a batch is not executed, if so: what there is already, the time, or others."""
    try:
        fair_queue.step()
    except fair_queue.Busy as error:
        return RpcFault(params.LIMIT_EXCEEDED, str(error))
    if size > MAX_ANSWER:
        return RpcFault(params.TOO_LARGE, "response too large")
    return RpcFault(params.TIMED_OUT, "request timed out") if time.monotonic() > end else None


def _is_identity(value: Any) -> bool:
    """Return whether an answer can repeat this id: null, a whole number of 64 bits, or a text of Unicode characters."""
    if isinstance(value, str):
        return len(value) <= _MAX_ID and not any("\ud800" <= c <= "\udfff" for c in value)
    return value is None or (type(value) is int and -(2**63) <= value < 2**64)


def _one(dispatcher: Dispatcher, request: Any, declined: RpcFault | None = None) -> bytes:
    """Return the answer to one call, which is not executed if it is `declined`; empty for a notification."""
    if not isinstance(request, dict):
        return refusal(RpcFault(params.INVALID_REQUEST, "invalid request"))
    identity = request.get("id")
    if not _is_identity(identity):
        return refusal(RpcFault(params.INVALID_REQUEST, "invalid request: id"))
    method = request.get("method")
    if request.get("jsonrpc") != "2.0" or not isinstance(method, str):
        return refusal(RpcFault(params.INVALID_REQUEST, "invalid request"), identity)
    try:
        if declined is not None:
            raise declined
        result = dispatcher.call(method, request.get("params"))
    except RpcFault as fault:
        reply = refusal(fault, identity)
    else:
        reply = msgspec.json.encode({"jsonrpc": "2.0", "id": identity, "result": result})
    return reply if "id" in request else b""
