"""What goes wrong as gRPC says it: a status code, and details as google.rpc has them."""

from __future__ import annotations

import json
from typing import Any

import grpc
from django.http import HttpRequest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2 as details
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from contracts.base import ContractView
from contracts.problems import Problem, problem_of

CODES = {
    "invalid": grpc.StatusCode.INVALID_ARGUMENT,
    "bad_request": grpc.StatusCode.INVALID_ARGUMENT,
    "error": grpc.StatusCode.INVALID_ARGUMENT,
    "unauthenticated": grpc.StatusCode.UNAUTHENTICATED,
    "forbidden": grpc.StatusCode.PERMISSION_DENIED,
    "not_found": grpc.StatusCode.NOT_FOUND,
    "conflict": grpc.StatusCode.ALREADY_EXISTS,
    "stale": grpc.StatusCode.ABORTED,
    "too_large": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "rate_limited": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "internal": grpc.StatusCode.INTERNAL,
    "unavailable": grpc.StatusCode.UNAVAILABLE,
}
_MAKING = ("Create", "Update")


def status_of(error: Exception, method: str, contract: type[ContractView], request_id: str) -> grpc.Status:
    """The status of a call (`/package.Service/Method`) that failed with this; a bug is logged and says nothing."""
    request = HttpRequest()
    request.method, request.path = "gRPC", method
    problem = problem_of(error, request)
    code = CODES[problem.kind]
    if problem.kind == "conflict" and not method.rpartition("/")[2].startswith(_MAKING):
        code = grpc.StatusCode.FAILED_PRECONDITION  # it is in a state that forbids the step
    number: int = code.value[0]
    status = Status(code=number, message=problem.message)
    for each in _details(problem, contract, request_id):
        packed = Packed()
        packed.Pack(each)
        status.details.append(packed)
    return rpc_status.to_status(status)


def _details(problem: Problem, contract: type[ContractView], request_id: str) -> list[Message]:
    body = contract.error_body(problem, request_id)
    reason = body.get("error", body)["code"]
    told: list[Message] = [
        details.ErrorInfo(
            reason=reason, domain="cartulary", metadata={name: _text(item) for name, item in problem.details.items()}
        ),
        details.RequestInfo(request_id=request_id),
    ]
    if problem.fields:
        violations = [
            details.BadRequest.FieldViolation(field=path, description=" ".join(words))
            for path, words in problem.fields.items()
        ]
        told.append(details.BadRequest(field_violations=violations))
    if "Retry-After" in problem.headers:
        wait = Duration(seconds=int(problem.headers["Retry-After"]))
        told.append(details.RetryInfo(retry_delay=wait))
    return told


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
