"""An exchange on a test chain, worked as in production: orders signed by eth-account, batches packed by our encoder."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ape.api import ReceiptAPI
from ape.contracts import ContractInstance
from eth_account import Account
from eth_account.messages import encode_typed_data
from msgspec.structs import replace as replace_struct

from offchain.chain.typed_data import (
    Batch,
    CancelApproval,
    Ladder,
    Order,
    TypedStruct,
    Withdrawal,
    WithdrawalApproval,
    domain_separator,
    typed_data,
)
from offchain.core.commands import AuthorizationKind
from offchain.settlement.batch import (
    Authorization,
    BatchFill,
    BatchOrder,
    LadderPlace,
    NetGroup,
    SkipReason,
    Statement,
)
from offchain.settlement.encoding import compact_signature, encode_payload, payload_hash

QTRA, USDC, BTC, DAI = 1, 2, 3, 4
QTRA_USDC, BTC_USDC, BTC_DAI = 1, 2, 3
BUY, SELL = 0, 1
UNIT_SCALES = {QTRA: 10**10, USDC: 1, BTC: 1, DAI: 10**8}
MARKETS = {QTRA_USDC: (QTRA, USDC, 10**6, 1), BTC_USDC: (BTC, USDC, 10**3, 1), BTC_DAI: (BTC, DAI, 1, 1)}
ENGINE_KEY = (0xE17612E).to_bytes(32, "big")
JOURNAL_ROOT = b"\x77" * 32
HOUR = 3_600


@dataclass(frozen=True)
class Intent:
    """An order before it is signed, with the rates of its batch."""

    wallet: int
    side: int
    seq: int = 1
    price: int = 50
    quantity: int = 100
    market: int = QTRA_USDC
    lane: int = 0
    expiry: int = 2**40 - 1
    max_fee_bps: int = 50
    flags: int = 0
    maker_ppm: int = 1_500
    taker_ppm: int = 2_500
    slide: int = 0

    def but(self, **changes: int) -> "Intent":
        """The same with changes."""
        return replace(self, **changes)

    @property
    def order(self) -> Order:
        """What the owner signs."""
        return Order(
            self.market,
            self.side,
            self.price,
            self.quantity,
            self.expiry,
            self.seq,
            self.lane,
            self.max_fee_bps,
            self.flags,
        )


@dataclass
class Venue:
    """The contracts, and the keys of everybody involved. Amounts are ledger units."""

    vault: ContractInstance
    access: ContractInstance
    tokens: dict[int, ContractInstance]
    admin: Any
    wallets: Sequence[Any]
    chain_id: int
    engine_key: bytes = ENGINE_KEY
    through: int = field(default=0)

    @property
    def address(self) -> bytes:
        """The vault's 20 bytes."""
        return bytes.fromhex(self.vault.address[2:])

    def sign(self, key: bytes | str, struct: TypedStruct, chain_id: int = 0, contract: bytes = b"") -> bytes:
        """A signature as a wallet makes it, over the whole typed-data document."""
        document = typed_data(struct, chain_id or self.chain_id, contract or self.address)
        signed = Account.from_key(key).sign_message(encode_typed_data(full_message=document))
        return bytes(signed.signature)

    def signed(self, intent: Intent, chain_id: int = 0, contract: bytes = b"") -> BatchOrder:
        """The order as its wallet signs it."""
        key = self.wallets[intent.wallet].private_key
        signature = self.sign(key, intent.order, chain_id, contract)
        return BatchOrder(intent.order, Authorization(signature), intent.maker_ppm, intent.taker_ppm, intent.slide)

    def owner(self, wallet: int) -> bytes:
        """A wallet's 20 bytes."""
        return bytes.fromhex(self.wallets[wallet].address[2:])

    def signed_by_session(self, intent: Intent, key: bytes) -> BatchOrder:
        """The order of the intent's wallet as a session key signs it."""
        authorization = Authorization(
            self.sign(key, intent.order), AuthorizationKind.SESSION_KEY, self.owner(intent.wallet)
        )
        return BatchOrder(intent.order, authorization, intent.maker_ppm, intent.taker_ppm, intent.slide)

    def signed_by_contract(self, intent: Intent, owner: bytes, signature: bytes) -> BatchOrder:
        """The order of a contract wallet at `owner`, with what that is given for a signature."""
        authorization = Authorization(signature, AuthorizationKind.CONTRACT_WALLET, owner)
        return BatchOrder(intent.order, authorization, intent.maker_ppm, intent.taker_ppm, intent.slide)

    def ladder(self, floor: int, *intents: Intent) -> list[BatchOrder]:
        """The orders of one ladder, which the first one's wallet signs."""
        ladder = Ladder(floor, tuple(intent.order for intent in intents))
        authorization = Authorization(self.sign(self.wallets[intents[0].wallet].private_key, ladder))
        return [
            BatchOrder(
                intent.order, authorization, intent.maker_ppm, intent.taker_ppm, ladder=LadderPlace(ladder, place)
            )
            for place, intent in enumerate(intents)
        ]

    def stated(self, statement: Statement, key: bytes | str) -> Statement:
        """The statement as somebody signs it for the next batch; its kind of authorization stays."""
        signed = statement.stated(self.vault.batchNumber() + 1, bytes(self.vault.batchHash()))
        return replace_struct(
            statement, authorization=replace_struct(statement.authorization, signature=self.sign(key, signed))
        )

    def fund(self, wallet: int, asset: int, units: int) -> None:
        """Mints and deposits by the wallet itself."""
        owner, token = self.wallets[wallet], self.tokens[asset]
        amount = units * UNIT_SCALES[asset]
        token.mint(owner, amount, sender=self.admin)
        token.approve(self.vault, amount, sender=owner)
        self.vault.deposit(asset, amount, sender=owner)

    def balance(self, wallet: int, asset: int) -> int:
        """What the vault owes a wallet."""
        units: int = self.vault.balanceOf(self.wallets[wallet], asset)
        return units

    def sign_batch(self, payload: bytes, number: int, key: bytes = b"") -> bytes:
        """The engine's signature on the next batch."""
        batch = Batch(number, payload_hash(payload), bytes(self.vault.batchHash()), JOURNAL_ROOT, self.through)
        return self.sign(key or self.engine_key, batch)

    def settle_payload(self, payload: bytes, **transaction: Any) -> ReceiptAPI:
        """Settles a payload as the next batch."""
        number = self.vault.batchNumber() + 1
        signature = compact_signature(self.sign_batch(payload, number))
        receipt: ReceiptAPI = self.vault.settle(
            payload, number, JOURNAL_ROOT, self.through, signature, sender=self.admin, **transaction
        )
        return receipt

    def settle(
        self, orders: Sequence[BatchOrder], fills: Sequence[BatchFill], groups: Sequence[NetGroup] = ()
    ) -> ReceiptAPI:
        """Packs and settles the next batch."""
        return self.settle_payload(encode_payload(orders, fills, groups, UNIT_SCALES))

    def settle_pair(self, maker: Intent, taker: Intent, quantity: int) -> SkipReason:
        """Settles one fill between two orders; why it was skipped, or NONE."""
        receipt = self.settle([self.signed(maker), self.signed(taker)], [BatchFill(0, 1, quantity)])
        return skips(receipt).get(0, SkipReason.NONE)

    def withdrawal(self, wallet: int, asset: int, amount: int, nonce: int, deadline: int) -> tuple[Any, ...]:
        """The arguments of a fast withdrawal that owner and engine signed."""
        owner = self.wallets[wallet]
        consent = self.sign(owner.private_key, Withdrawal(asset, amount, nonce, deadline))
        owner_bytes = bytes.fromhex(owner.address[2:])
        approval = self.sign(self.engine_key, WithdrawalApproval(owner_bytes, asset, amount, nonce, deadline))
        return owner, asset, amount, nonce, deadline, consent, approval

    def cancel_approval(self, wallet: int, asset: int, floor: int, deadline: int) -> bytes:
        """The engine's word that it holds no order of the wallet at or under the floor."""
        owner = bytes.fromhex(self.wallets[wallet].address[2:])
        return self.sign(self.engine_key, CancelApproval(owner, asset, floor, deadline))

    def separator(self) -> bytes:
        """The domain separator as the Python side computes it."""
        return domain_separator(self.chain_id, self.address)


def group_skips(receipt: ReceiptAPI) -> dict[int, tuple[SkipReason, int]]:
    """The skipped net groups of a settlement by index, with the item at fault."""
    return {
        log.event_arguments["group"]: (SkipReason(log.event_arguments["reason"]), log.event_arguments["item"])
        for log in receipt.events
        if log.event_name == "NetGroupSkipped"
    }


def skips(receipt: ReceiptAPI) -> dict[int, SkipReason]:
    """The skipped fills of a settlement by index."""
    return {
        log.event_arguments["fill"]: SkipReason(log.event_arguments["reason"])
        for log in receipt.events
        if log.event_name == "FillSkipped"
    }
