"""Staking, prices and the revenue router beside an exchange on a test chain."""

from dataclasses import dataclass
from typing import Any

from ape.contracts import ContractInstance
from eth_account import Account
from eth_account.messages import encode_typed_data
from venue import HOUR, USDC, Venue

DAY = 24 * HOUR
WEEK = 7 * DAY
CAP = 10**27
TOKEN = 10**18
DOLLAR = 10**6
DOLLARS, QTRAS = 1, 2
COLLECTOR = 7
SPLIT = (4_000, 3_000, 2_000, 1_000)
BOUNTY_BPS, BOUNTY_CAP = 10, 50 * DOLLAR
START_BPS, FLOOR_BPS = 11_000, 9_000
PRICE = 16 * TOKEN * TOKEN // DOLLAR
"""QTRA base units for 10^18 base units of a dollar, which is worth 16 QTRA."""
AUCTION_S = 2 * HOUR


@dataclass
class Economy:
    """The contracts, and who plays which part. Dollars are the venue's, QTRA is a token of its own."""

    venue: Venue
    qtra: ContractInstance
    staking: ContractInstance
    prices: ContractInstance
    router: ContractInstance
    treasury: Any
    insurance: Any

    @property
    def usdc(self) -> ContractInstance:
        """The dollar."""
        return self.venue.tokens[USDC]

    def give(self, account: Any, amount: int) -> None:
        """Gives an account QTRA, which the staking contract and the router may take."""
        self.qtra.transfer(account, amount, sender=self.venue.admin)
        for spender in (self.staking, self.router):
            self.qtra.approve(spender, amount, sender=account)

    def notify(self, amount: int) -> None:
        """Streams dollars for a week."""
        self.usdc.mint(self.venue.admin, amount, sender=self.venue.admin)
        self.usdc.approve(self.staking, amount, sender=self.venue.admin)
        self.staking.notify(DOLLARS, amount, WEEK, sender=self.venue.admin)

    def permit(self, owner: Any, amount: int, deadline: int) -> tuple[int, bytes, bytes]:
        """A permit of QTRA for the staking contract, as wallets sign it."""
        fields = ("owner:address", "spender:address", "value:uint256", "nonce:uint256", "deadline:uint256")
        domain = ("name:string", "version:string", "chainId:uint256", "verifyingContract:address")
        types = {
            name: [dict(zip(("name", "type"), field.split(":"), strict=True)) for field in rows]
            for name, rows in (("Permit", fields), ("EIP712Domain", domain))
        }
        document = {
            "types": types,
            "primaryType": "Permit",
            "domain": {
                "name": "QuantaTrade",
                "version": "1",
                "chainId": self.venue.chain_id,
                "verifyingContract": self.qtra.address,
            },
            "message": {
                "owner": owner.address,
                "spender": self.staking.address,
                "value": amount,
                "nonce": self.qtra.nonces(owner),
                "deadline": deadline,
            },
        }
        signed = Account.from_key(owner.private_key).sign_message(encode_typed_data(full_message=document))
        return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")


def deploy_economy(project: Any, venue: Venue) -> Economy:
    """Everything configured: two rewards, a split, a bounty, auctions of dollars, and a price."""
    admin, access = venue.admin, venue.access
    treasury, insurance = venue.wallets[4], venue.wallets[5]
    qtra = project.QTRAToken.deploy([(b"all".ljust(32, b"\0"), admin, CAP)], sender=admin)
    staking = project.Staking.deploy(access, qtra, sender=admin)
    prices = project.ReportedPrice.deploy(access, sender=admin)
    router = project.RevenueRouter.deploy(access, venue.vault, qtra, staking, prices, sender=admin)
    dollar = venue.tokens[USDC]
    staking.listReward(dollar, sender=admin)
    staking.listReward(qtra, sender=admin)
    collect = bytes(venue.vault.collectFees.encode_input(1, 0, admin))[:4]
    access.setTargetFunctionRole(venue.vault, [collect], COLLECTOR, sender=admin)
    access.grantRole(COLLECTOR, router, 0, sender=admin)
    router.setSplit(SPLIT, sender=admin)
    router.setTreasury(treasury, sender=admin)
    router.setInsurance(insurance, sender=admin)
    router.setBounty(dollar, BOUNTY_BPS, BOUNTY_CAP, sender=admin)
    router.setAuctionTerms(dollar, (10**6 * DOLLAR, DOLLAR, START_BPS, FLOOR_BPS, AUCTION_S), sender=admin)
    prices.setPrice(dollar, PRICE, sender=admin)
    return Economy(venue, qtra, staking, prices, router, treasury, insurance)
