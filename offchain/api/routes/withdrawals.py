"""Withdrawals: signed by the owner, co-signed by the exchange once everything before them is settled."""

from fastapi import APIRouter, Request

from offchain.api.bodies.funds import WithdrawalAccepted, WithdrawalRequest, WithdrawalsBody
from offchain.api.dependencies import (
    Before,
    Limit,
    OwnWrites,
    PrincipalOf,
    ServicesOf,
    access_of,
    for_session,
    for_signature,
    signatures_of,
)
from offchain.api.services import asset_named
from offchain.api.views import milliseconds, withdrawal_body
from offchain.chain.typed_data import Withdrawal as SignedWithdrawal
from offchain.core.commands import WithdrawalAuthorization
from offchain.core.errors import InvalidRequest
from offchain.core.intents import RequestWithdrawal

router = APIRouter(prefix="/api/v1", tags=["withdrawals"])


@router.post("/withdrawals", **for_signature("requestWithdrawal"))
async def request_withdrawal(body: WithdrawalRequest, request: Request, services: ServicesOf) -> WithdrawalAccepted:
    """Takes the amount out of the available balance; the contract pays it to the owner."""
    access_of(request).take_orders(request, 1)
    asset = asset_named(services, body.asset)
    amount_units, nonce = asset.to_units(body.amount), int(body.nonce)
    if nonce >= 2**64:
        raise InvalidRequest("The nonce does not fit 64 bits.", "Send a smaller nonce.")
    signatures = signatures_of(request)
    signed = signatures.signed(
        SignedWithdrawal(asset.asset_id, amount_units, nonce, body.deadline), body.owner, body.signature
    )
    (refusal,) = await signatures.check([signed])
    if refusal is not None:
        raise refusal
    access_of(request).take_account_orders(signed.owner, 1)
    authorization = WithdrawalAuthorization(signed.owner, nonce, body.deadline, signed.signature)
    receipt = await services.sequencer.submit(RequestWithdrawal(asset.asset_id, amount_units, authorization))
    return WithdrawalAccepted(
        withdrawal_id=receipt.sequence,
        asset=asset.symbol,
        amount=asset.to_decimal(amount_units),
        sequence=receipt.sequence,
        timestamp_ms=milliseconds(receipt.timestamp_us),
        repeated=receipt.repeated,
    )


@router.get("/withdrawals", **for_session("listWithdrawals"))
def list_withdrawals(
    principal: PrincipalOf, services: ServicesOf, _: OwnWrites, limit: Limit = 100, before: Before = None
) -> WithdrawalsBody:
    """Own withdrawals, newest first. One with an approval can be sent to the contract by its owner alone."""
    directory = services.sequencer.directory
    account = directory.account_of(principal.owner)
    rows = [] if account is None else services.ledger.withdrawals(account, limit, before)
    contract = services.manifest.address("Settlement")
    return WithdrawalsBody(
        withdrawals=[
            withdrawal_body(row, directory.assets[row.asset], services.withdrawals.find(row.sequence), contract)
            for row in rows
        ],
        next_before=rows[-1].sequence if len(rows) == limit else None,
    )
