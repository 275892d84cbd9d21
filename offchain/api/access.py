"""Who may do what, and how often: the authorisation rule of every route and the budgets of every caller."""

import secrets
from enum import StrEnum
from typing import Final

from starlette.requests import HTTPConnection

from offchain.api.limits import Budget, RateLimiter
from offchain.api.tokens import Principal, SessionTokens
from offchain.core.errors import Forbidden, Unauthorized
from offchain.core.settings import Settings

_BURST_S: Final = 2
_SIGN_INS_PER_S: Final = 500
_BEARER: Final = "bearer "


class Rule(StrEnum):
    """The authorisation rule of a route, as `x-access` in the OpenAPI document."""

    PUBLIC = "public"
    """Anybody."""
    SESSION = "session"
    """A signed-in wallet, for its own data."""
    SIGNED = "signed"
    """Whoever made the EIP-712 signature in the body."""
    OPERATOR = "operator"
    """A signed-in wallet on the operators' list."""
    METRICS = "metrics"
    """Whoever sends the token that the deployment has set for its metrics; nobody, where it has set none."""


class Access:
    """Answers for the routes: who is asking, and whether their budget allows it."""

    def __init__(self, settings: Settings, tokens: SessionTokens) -> None:
        self._tokens = tokens
        self._operators = settings.operator_owners
        self._metrics_token = settings.metrics_token
        self._requests = RateLimiter(_budget("requestsPerAddress", settings.requests_per_s))
        self._sign_ins = RateLimiter(_budget("signInsPerAddress", _SIGN_INS_PER_S))
        self._orders = RateLimiter(_budget("ordersPerAddress", settings.address_orders_per_s))
        self._account_orders = RateLimiter(_budget("ordersPerAccount", settings.account_orders_per_s))

    @property
    def budgets(self) -> list[Budget]:
        """All limits, for the market document."""
        return [limiter.budget for limiter in (self._requests, self._sign_ins, self._orders, self._account_orders)]

    def signed_in(self, connection: HTTPConnection) -> Principal:
        """The signed-in wallet.

        Raises:
            Unauthorized: there is no token, or a wrong one.
            SessionExpired: the token is expired or its session was ended.
        """
        header = connection.headers.get("authorization", "")
        if not header.lower().startswith(_BEARER):
            raise Unauthorized("This needs a signed-in wallet.", "Sign in at /api/v1/auth/nonce and send the token.")
        return self.principal(header[len(_BEARER) :].strip())

    def operator(self, connection: HTTPConnection) -> Principal:
        """The signed-in wallet, which is an operator's; refusals as `signed_in`, and one more.

        Raises:
            Forbidden: it is not on the operators' list.
        """
        principal = self.signed_in(connection)
        if principal.owner not in self._operators:
            raise Forbidden("This wallet is not an operator's.", "QUANTATRADE_OPERATORS lists those who may.")
        return principal

    def metrics(self, connection: HTTPConnection) -> None:
        """Checks the token of whoever collects metrics.

        Raises:
            Unauthorized: there is no token, or a wrong one, or the deployment has set none.
        """
        header = connection.headers.get("authorization", "")
        sent = header[len(_BEARER) :].strip() if header.lower().startswith(_BEARER) else ""
        expected = self._metrics_token
        if not expected or not secrets.compare_digest(sent.encode(), expected.encode()):
            raise Unauthorized("This needs the metrics token.", "QUANTATRADE_METRICS_TOKEN sets it.")

    def principal(self, access_token: str) -> Principal:
        """The signed-in wallet that a token belongs to; refusals as `signed_in`."""
        return self._tokens.principal(access_token)

    def check(self, principal: Principal) -> None:
        """Whether a wallet that signed in is still signed in.

        Raises:
            SessionExpired: its token is expired or its session was ended.
        """
        self._tokens.check(principal)

    def take_request(self, connection: HTTPConnection) -> None:
        """Spends one of the address's requests.

        Raises:
            RateLimited: there is none left.
        """
        self._spend(connection, self._requests, address_of(connection), 1)

    def take_sign_in(self, connection: HTTPConnection) -> None:
        """Spends one of the address's sign-ins.

        Raises:
            RateLimited: there is none left.
        """
        self._spend(connection, self._sign_ins, address_of(connection), 1)

    def take_orders(self, connection: HTTPConnection, operations: int) -> None:
        """Spends some of the address's orders, before their signatures are looked at.

        Raises:
            RateLimited: there are too few left.
        """
        self._spend(connection, self._orders, address_of(connection), operations)

    def take_account_orders(self, owner: bytes, operations: int) -> None:
        """Spends some of the account's orders, once it is known to be the account that asks.

        Raises:
            RateLimited: there are too few left.
        """
        self._account_orders.take(owner, operations)

    def _spend(self, connection: HTTPConnection, limiter: RateLimiter, caller: str, weight: int) -> None:
        left = limiter.take(caller, weight)
        connection.state.rate_limit = (limiter.budget.per_second, left)


def address_of(connection: HTTPConnection) -> str:
    """The network address that a connection comes from."""
    return connection.client.host if connection.client is not None else "unknown"


def _budget(name: str, per_second: int) -> Budget:
    return Budget(name, per_second, per_second * _BURST_S)
