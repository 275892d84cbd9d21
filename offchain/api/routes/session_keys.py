"""The signed-in wallet's session keys. They are registered and revoked on chain, by the wallet itself."""

from fastapi import APIRouter

from offchain.api.bodies.session_keys import SessionKeyAmounts, SessionKeyBody, SessionKeysBody, SessionKeyStatus
from offchain.api.dependencies import PrincipalOf, ServicesOf, for_session
from offchain.api.services import Services
from offchain.api.views import hex_text
from offchain.core.commands import UNLIMITED
from offchain.core.money import Asset
from offchain.sequencer.sessions import Session, Spending

router = APIRouter(prefix="/api/v1", tags=["account"])
_US = 1_000_000


@router.get("/session-keys", **for_session("listSessionKeys"))
def list_session_keys(principal: PrincipalOf, services: ServicesOf) -> SessionKeysBody:
    """Keys that may sign orders for the wallet, with what is left of their limits."""
    directory = services.sequencer.directory
    account = directory.account_of(principal.owner)
    rows = [] if account is None else directory.sessions_of(account)
    return SessionKeysBody(session_keys=[_body(services, session, reserved) for session, reserved in rows])


def _body(services: Services, session: Session, reserved: Spending) -> SessionKeyBody:
    market = services.sequencer.directory.markets[session.market]
    base, quote = (
        _amounts(asset, *figures)
        for asset, *figures in zip((market.base, market.quote), session.limits, session.spent, reserved, strict=True)
    )
    return SessionKeyBody(
        key=hex_text(session.key),
        market=market.symbol,
        status=_status(services, session),
        expiry=session.expiry_s,
        revoked_at=session.revoked_at_s or None,
        base=base,
        quote=quote,
    )


def _status(services: Services, session: Session) -> SessionKeyStatus:
    if session.revoked_at_s:
        return SessionKeyStatus.REVOKED
    earliest_s = services.clock() // _US + services.settings.order_min_lifetime_s
    return SessionKeyStatus.ACTIVE if session.expiry_s > earliest_s else SessionKeyStatus.EXPIRING


def _amounts(asset: Asset, limit: int, spent: int, reserved: int) -> SessionKeyAmounts:
    return SessionKeyAmounts(
        asset=asset.symbol,
        limit=None if limit == UNLIMITED else asset.to_decimal(limit),
        spent=asset.to_decimal(spent),
        reserved=asset.to_decimal(reserved),
    )
