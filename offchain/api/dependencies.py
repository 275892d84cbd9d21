"""What the routes ask FastAPI for: the services, who is asking, and reads that contain the caller's own writes."""

from typing import Annotated, Any, cast

from fastapi import Depends, Query, Request

from offchain.api.access import Access, Rule
from offchain.api.services import Services
from offchain.api.sign_in import SignIn
from offchain.api.signatures import SignatureCheck
from offchain.api.tokens import Principal, SessionTokens

PAGE_MAX = 500


def services_of(request: Request) -> Services:
    """The services that the app was made with."""
    return cast("Services", request.app.state.services)


def access_of(request: Request) -> Access:
    """The app's authorisation and budgets."""
    return cast("Access", request.app.state.access)


def sign_in_of(request: Request) -> SignIn:
    """The app's sign-in."""
    return cast("SignIn", request.app.state.sign_in)


def signatures_of(request: Request) -> SignatureCheck:
    """The app's check of EIP-712 signatures."""
    return cast("SignatureCheck", request.app.state.signatures)


def tokens_of(request: Request) -> SessionTokens:
    """The app's session tokens."""
    return cast("SessionTokens", request.app.state.tokens)


def limited(request: Request) -> None:
    """Counts the request against its address's budget."""
    access_of(request).take_request(request)


def signed_in(request: Request) -> Principal:
    """The wallet that is asking."""
    return access_of(request).signed_in(request)


def operator(request: Request) -> Principal:
    """The operator who is asking."""
    return access_of(request).operator(request)


def metrics_reader(request: Request) -> None:
    """Refuses whoever has not the metrics token."""
    access_of(request).metrics(request)


async def own_writes(request: Request) -> None:
    """Waits until reads show every command that was durable when the request came in."""
    services = services_of(request)
    await services.projector.caught_up(services.sequencer.last_sequence)


def public(operation_id: str) -> dict[str, Any]:
    """Keyword arguments of a route that anybody may use."""
    return _route(operation_id, Rule.PUBLIC)


def for_session(operation_id: str) -> dict[str, Any]:
    """Keyword arguments of a route for a signed-in wallet; it refuses everybody else."""
    route = _route(operation_id, Rule.SESSION)
    route["dependencies"] = [Depends(signed_in), *route["dependencies"]]
    return route


def for_operator(operation_id: str) -> dict[str, Any]:
    """Keyword arguments of a route for operators; it refuses everybody else."""
    route = _route(operation_id, Rule.OPERATOR)
    route["dependencies"] = [Depends(operator), *route["dependencies"]]
    return route


def for_metrics(operation_id: str) -> dict[str, Any]:
    """Keyword arguments of a route for whoever collects metrics; it refuses everybody else."""
    route = _route(operation_id, Rule.METRICS)
    route["dependencies"] = [Depends(metrics_reader), *route["dependencies"]]
    return route


def for_signature(operation_id: str) -> dict[str, Any]:
    """Keyword arguments of a route whose body carries its own authorisation, which the route checks."""
    return _route(operation_id, Rule.SIGNED)


def _route(operation_id: str, rule: Rule) -> dict[str, Any]:
    return {
        "operation_id": operation_id,
        "dependencies": [Depends(limited)],
        "openapi_extra": {"x-access": rule.value},
    }


ServicesOf = Annotated[Services, Depends(services_of)]
PrincipalOf = Annotated[Principal, Depends(signed_in)]
OperatorOf = Annotated[Principal, Depends(operator)]
OwnWrites = Annotated[None, Depends(own_writes)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="The most rows to return.")]
Before = Annotated[
    int | None, Query(ge=0, lt=2**53, description="Rows before this id: `nextBefore` of the page before.")
]
