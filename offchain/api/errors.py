"""Every refusal in one envelope: HTTP status by the class of the error, its stable code and name, what to do next."""

import logging
from typing import Final

import msgspec
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from offchain.client.messages import ErrorMessage
from offchain.core.errors import (
    ChainError,
    ClientOrderIdReused,
    Forbidden,
    FundsError,
    InvalidRequest,
    LaneBusy,
    NodeUnavailable,
    NonceReused,
    NotFound,
    OrderError,
    OrderNotOpen,
    QuantaTradeError,
    RequestTooLarge,
    SeqTooLow,
    ServiceUnavailable,
    StatementLate,
    StatementNotAsked,
    TooManyRequests,
    Unauthorized,
)

logger = logging.getLogger(__name__)
encode_json: Final = msgspec.json.Encoder().encode

_STATUS: Final[dict[type[QuantaTradeError], int]] = {
    InvalidRequest: 400,
    RequestTooLarge: 413,
    NotFound: 404,
    OrderError: 422,
    ClientOrderIdReused: 409,
    LaneBusy: 409,
    SeqTooLow: 409,
    OrderNotOpen: 409,
    FundsError: 422,
    StatementNotAsked: 409,
    StatementLate: 409,
    NonceReused: 409,
    Unauthorized: 401,
    Forbidden: 403,
    TooManyRequests: 429,
    ServiceUnavailable: 503,
    NodeUnavailable: 503,
    ChainError: 502,
    QuantaTradeError: 500,
}
_VALIDATION_ERRORS_SHOWN: Final = 3
_SEND_AN_OBJECT: Final = "Send a JSON object, as content type application/json."


class MethodNotAllowed(InvalidRequest):
    """The path exists and does not take this method."""

    code, name = 1405, "METHOD_NOT_ALLOWED"


class RateLimited(TooManyRequests):
    """The rate limit of this caller is used up.

    Args:
        message: which limit.
        retry_after_s: when the request would pass.
    """

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message, f"Wait {retry_after_s} s, or send batches less often.")
        self.retry_after_s = retry_after_s


def status_of(error: QuantaTradeError) -> int:
    """The HTTP status of an error: that of the nearest class that has one."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def error_message(error: QuantaTradeError, request_id: str) -> ErrorMessage:
    """What the caller is told. Errors that are nobody's request say no more than that they are on record."""
    if status_of(error) in (500, 502):
        logger.error("request %s failed: %s", request_id, error, exc_info=error)
        return ErrorMessage(error.code, error.name, "The exchange failed on this request.", _REPORT, request_id)
    return ErrorMessage(error.code, error.name, error.message, error.next_step, request_id)


_REPORT: Final = "Query what became of it before you send it again, and report the request id."


def error_response(error: QuantaTradeError, request_id: str) -> Response:
    """The whole answer to a refused request."""
    headers = {"www-authenticate": "Bearer"} if isinstance(error, Unauthorized) else {}
    if isinstance(error, RateLimited):
        headers["retry-after"] = str(error.retry_after_s)
    body = encode_json(error_message(error, request_id))
    return Response(body, status_of(error), headers, media_type="application/json")


def unexpected_error_body(error: Exception, request_id: str) -> bytes:
    """The body for an error that nobody foresaw; it goes to the log whole and to the caller as an id."""
    logger.error("request %s failed unexpectedly", request_id, exc_info=error)
    internal = ErrorMessage(
        QuantaTradeError.code, QuantaTradeError.name, "The exchange failed on this request.", _REPORT, request_id
    )
    return encode_json(internal)


def handle_known(request: Request, error: Exception) -> Response:
    """Starlette's handler of the project's own errors."""
    assert isinstance(error, QuantaTradeError)
    return error_response(error, request.state.request_id)


def handle_validation(request: Request, error: Exception) -> Response:
    """Starlette's handler of bodies and parameters that do not fit their model."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    where = "; ".join(
        f"{'.'.join(str(part) for part in row['loc'])}: {row['msg']}" for row in found[:_VALIDATION_ERRORS_SHOWN]
    )
    more = f" (and {len(found) - _VALIDATION_ERRORS_SHOWN} more)" if len(found) > _VALIDATION_ERRORS_SHOWN else ""
    no_object = any(tuple(row["loc"]) == ("body",) for row in found)
    next_step = _SEND_AN_OBJECT if no_object else "Correct these fields; /openapi.json describes them."
    refusal = InvalidRequest(f"{where}{more}.", next_step)
    return error_response(refusal, request.state.request_id)


def handle_http(request: Request, error: Exception) -> Response:
    """Starlette's handler of its own refusals: no such path, no such method, an unreadable body."""
    assert isinstance(error, HTTPException)
    refusal: QuantaTradeError
    if error.status_code == 404:
        refusal = NotFound(f"There is no {request.url.path}.", "/openapi.json lists what there is.")
    elif error.status_code == 405:
        refusal = MethodNotAllowed(f"{request.url.path} does not take {request.method}.", "See /openapi.json.")
    else:
        refusal = InvalidRequest(f"The request cannot be read: {error.detail}.", "Send well-formed JSON in UTF-8.")
    answer = error_response(refusal, request.state.request_id)
    if refusal.code == MethodNotAllowed.code:
        answer.status_code = 405
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer
