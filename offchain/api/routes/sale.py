"""The sale of QTRA, as the chain's tables tell it."""

from typing import Annotated

from fastapi import APIRouter, Path

from offchain.api.bodies.sale import (
    PurchaseBody,
    RaisedInPayment,
    SaleBody,
    SalePaymentBody,
    SaleRoundBody,
    SaleShareBody,
    VoucherBody,
    VouchersBody,
    WalletRoundBody,
    WalletSaleBody,
)
from offchain.api.dependencies import PrincipalOf, ServicesOf, for_session, public
from offchain.api.services import Services
from offchain.api.token_views import Tokens, as_of, contract_address, dollar_text, from_seconds, qtra_text
from offchain.api.views import hex_text
from offchain.presale.service import NOBODY, Purchase, Round, Sale, WalletRound

router = APIRouter(prefix="/api/v1/sale", tags=["token economy"])
WalletAddress = Annotated[str, Path(pattern=r"^0x[0-9a-fA-F]{40}$", description="The wallet.")]


@router.get("", **public("getSale"))
def read_sale(services: ServicesOf) -> SaleBody:
    """The rounds: terms, state, raised and sold."""
    sale = services.economy.sale.sale()
    contract = contract_address(services, "SaleManager")
    if sale is None:
        return SaleBody(
            as_of=None,
            contract=contract,
            wallet_cap=None,
            tokens=None,
            voucher_signer=None,
            payments=[],
            shares=[],
            rounds=[],
        )
    return SaleBody(
        as_of=as_of(sale.moment),
        contract=contract,
        wallet_cap=dollar_text(sale.wallet_cap),
        tokens=qtra_text(sale.tokens),
        voucher_signer=None if sale.voucher_signer == NOBODY else hex_text(sale.voucher_signer),
        payments=_payments(services, sale),
        shares=[SaleShareBody(treasury=hex_text(share.treasury), bps=share.bps) for share in sale.shares],
        rounds=[_round_body(one) for one in sale.rounds],
    )


@router.get("/wallets/{address}", **public("getSaleWallet"))
def read_wallet(address: WalletAddress, services: ServicesOf) -> WalletSaleBody:
    """What a wallet paid, gets, can take back and may still pay."""
    wallet = services.economy.sale.wallet(bytes.fromhex(address[2:]))
    if wallet is None:
        return WalletSaleBody(as_of=None, address=address, rounds=[], purchases=[])
    return WalletSaleBody(
        as_of=as_of(wallet.moment),
        address=address,
        rounds=[_wallet_round(one) for one in wallet.rounds],
        purchases=[_purchase(one) for one in wallet.purchases],
    )


@router.get("/vouchers", **for_session("listVouchers"))
def list_vouchers(principal: PrincipalOf, services: ServicesOf) -> VouchersBody:
    """The vouchers that were issued to the signed-in wallet."""
    wallet = services.economy.sale.wallet(principal.owner)
    revoked = () if wallet is None else wallet.revoked_vouchers
    return VouchersBody(
        vouchers=[
            VoucherBody(
                round=voucher.round,
                cap=str(voucher.cap),
                deadline=voucher.deadline,
                nonce=str(voucher.nonce),
                signature=voucher.signature,
                revoked=voucher.nonce in revoked,
            )
            for voucher in services.economy.vouchers.of(principal.owner)
        ]
    )


def _payments(services: Services, sale: Sale) -> list[SalePaymentBody]:
    tokens = Tokens(services)
    return [
        SalePaymentBody(payment=payment.number, token=tokens.body(payment.token, payment.decimals))
        for payment in sale.payments
    ]


def _round_body(one: Round) -> SaleRoundBody:
    terms = one.terms
    return SaleRoundBody(
        round=terms.number,
        state=one.state,
        price=dollar_text(terms.price),
        start_ms=from_seconds(terms.start_s),
        end_ms=from_seconds(terms.end_s),
        tokens=qtra_text(terms.tokens),
        hard_cap=dollar_text(terms.hard_cap),
        soft_cap=dollar_text(terms.soft_cap),
        min_purchase=dollar_text(terms.min_purchase),
        wallet_cap=dollar_text(terms.wallet_cap),
        referral_bps=terms.referral_bps,
        unsold="BURN" if terms.burns_unsold else "TREASURY",
        needs_voucher=terms.needs_voucher,
        raised=dollar_text(one.raised),
        raised_pending=dollar_text(one.raised - one.raised_final),
        raised_by_payment=[
            RaisedInPayment(payment=payment, raised=dollar_text(micros))
            for payment, micros in sorted(one.raised_by_payment.items())
        ],
        sold=qtra_text(one.sold),
        finalised=one.outcome is not None,
        unsold_tokens=None if one.outcome is None else qtra_text(one.outcome.unsold),
    )


def _wallet_round(one: WalletRound) -> WalletRoundBody:
    return WalletRoundBody(
        round=one.round,
        paid=dollar_text(one.paid),
        paid_pending=dollar_text(one.paid_pending),
        allocation=qtra_text(one.allocation),
        remaining=dollar_text(one.remaining),
        refundable=dollar_text(one.refundable),
        refunded=dollar_text(one.refunded),
        referral=dollar_text(one.referral),
        referral_claimable=dollar_text(one.referral_claimable),
    )


def _purchase(one: Purchase) -> PurchaseBody:
    return PurchaseBody(
        round=one.round,
        payment=one.payment,
        paid=dollar_text(one.micros),
        allocation=qtra_text(one.tokens),
        referrer=None if one.referrer == NOBODY else hex_text(one.referrer),
        transaction_hash=hex_text(one.transaction_hash),
        timestamp_ms=from_seconds(one.timestamp_s),
        final=one.is_final,
    )
