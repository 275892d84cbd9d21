"""The demo counted again from the tokens' own logs and the contracts' views: no unit may be unaccounted for."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks.sale_demo.investors import FAILING_ROUND
from benchmarks.sale_demo.stage import TRANSFER, Stage
from offchain.deployer.pools import Allocations
from offchain.presale.sale_plan import MICRO_DECIMALS, TOKEN_UNITS

SUPPLY: int = 10**9 * TOKEN_UNITS
_NOBODY = bytes(20)


class Transfer(NamedTuple):
    """A token's move by its own log."""

    symbol: str
    origin: bytes
    to: bytes
    amount: int


class Audit:
    """Every move of every listed token since the beginning."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.transfers = list(self._transfers())
        self.moved = defaultdict[tuple[str, bytes, bytes], int](int)
        for row in self.transfers:
            self.moved[row.symbol, row.origin, row.to] += row.amount

    def _transfers(self) -> Iterator[Transfer]:
        for symbol, token in self.stage.tokens.items():
            query = {"address": "0x" + token.hex(), "fromBlock": "0x0", "topics": ["0x" + TRANSFER.hex()]}
            for row in self.stage.node.call("eth_getLogs", query):
                origin, to = (bytes.fromhex(topic[26:]) for topic in row["topics"][1:])
                yield Transfer(symbol, origin, to, int(row["data"], 16))

    def into(self, symbol: str, account: bytes) -> int:
        """All that an account ever got of a token."""
        return sum(amount for (token, _, to), amount in self.moved.items() if (token, to) == (symbol, account))

    def out_of(self, symbol: str, account: bytes) -> int:
        """All that left an account."""
        return sum(amount for (token, origin, _), amount in self.moved.items() if (token, origin) == (symbol, account))

    def held(self, symbol: str, account: bytes) -> int:
        """What an account must have."""
        return self.into(symbol, account) - self.out_of(symbol, account)

    # -- the sale

    def raised(self) -> tuple[int, int]:
        """Micros that came into the sale and stayed, and those that went back to the buyers of the failed round."""
        sale, came, refunded = self.stage.address("SaleManager"), 0, 0
        paid = self._paid_in_failed()
        for symbol in self.stage.plan.payments:
            scale = 10 ** (self.stage.decimals[symbol] - MICRO_DECIMALS)
            came += self.into(symbol, sale) // scale
        refunded = sum(log["micros"] for log in self.stage.view.logs("SaleManager") if log.event == "Refunded")
        assert refunded == paid, f"{paid} micros were paid in the failed round, and {refunded} went back"
        return came - refunded, refunded

    def _paid_in_failed(self) -> int:
        logs = self.stage.view.logs("SaleManager")
        return sum(int(row["micros"]) for row in logs if row.event == "Purchased" and row["round"] == FAILING_ROUND)

    def allocation_mismatches(self, trees: dict[int, Allocations]) -> int:
        """Wallets whose allocation differs between what they paid, the sale's storage, and the published tree."""
        wrong = 0
        for number, planned in enumerate(self.stage.plan.rounds):
            paid = self.stage.views("SaleManager", "paidOf", [(one, number) for one in self.stage.addresses])
            stored = self.stage.views("SaleManager", "allocationOf", [(one, number) for one in self.stage.addresses])
            tree = trees.get(number, {})
            for wallet, micros, tokens in zip(self.stage.addresses, paid, stored, strict=True):
                worth = 0 if number == FAILING_ROUND else micros * TOKEN_UNITS // planned.price_micros
                wrong += not worth == tokens == tree.get(wallet, 0)
        return wrong

    # -- every unit

    def unaccounted(self, fees: dict[str, int]) -> dict[str, int]:
        """Base units, by place, that the chain holds and nobody is owed, or that are owed and not there."""
        gaps = {"supply": SUPPLY - self.burned() - self.stage.view.read("QTRAToken", "totalSupply")}
        for name, contract in (("sale", "SaleManager"), ("vesting", "MerkleVesting"), ("staking", "Staking")):
            for symbol in self.stage.tokens:
                held = self.held(symbol, self.stage.address(contract))
                gaps[f"{name} {symbol}"] = held - getattr(self, f"_owed_by_{name}")(symbol)
        for symbol in self.stage.tokens:
            gaps |= self._revenue_gaps(symbol, fees.get(symbol, 0))
        return {place: gap for place, gap in gaps.items() if gap}

    def burned(self) -> int:
        """Base units of QTRA that were burned."""
        return self.into("QTRA", _NOBODY)

    def _owed_by_sale(self, symbol: str) -> int:
        """Referrals that nobody has claimed; all else has left the sale."""
        if symbol not in self.stage.plan.payments:
            return 0
        payment = self.stage.plan.payments.index(symbol)
        rows = [(wallet, number, payment) for wallet in self.stage.addresses for number in self._succeeded()]
        owed = sum(self.stage.views("SaleManager", "referralOf", rows))
        return int(owed * 10 ** (self.stage.decimals[symbol] - MICRO_DECIMALS))

    def _succeeded(self) -> list[int]:
        return [number for number in range(len(self.stage.plan.rounds)) if number != FAILING_ROUND]

    def _owed_by_vesting(self, symbol: str) -> int:
        if symbol != "QTRA":
            return 0
        pools = [(pool,) for pool in range(len(self.stage.plan.pool_names()))]
        left, funded, total = (
            sum(self.stage.views("MerkleVesting", view, pools)) for view in ("leftOf", "fundedOf", "totalOf")
        )
        events = self.stage.view.logs("MerkleVesting")
        proved = sorted({(log["pool"], log["account"]) for log in events if log.event in ("Claimed", "Revoked")})
        due, paid = (sum(self.stage.views("MerkleVesting", view, proved)) for view in ("allocationOf", "claimedOf"))
        return int(left + due - paid + funded - total)

    def _owed_by_staking(self, symbol: str) -> int:
        """Stakes, requests, and rewards that were notified and not paid."""
        events: list[Any] = list(self.stage.view.logs("Staking"))
        reward = self.stage.view.read("Staking", "rewardOf", self.stage.tokens[symbol])
        notified = sum(log["amount"] for log in events if log.event == "RewardNotified" and log["reward"] == reward)
        paid = sum(log["amount"] for log in events if log.event == "RewardPaid" and log["reward"] == reward)
        if symbol != "QTRA":
            return int(notified - paid)
        requests = [(log["account"], log["request"]) for log in events if log.event == "UnstakeRequested"]
        leaving = sum(row[0] for row in self.stage.views("Staking", "requestOf", requests))
        return int(self.stage.view.read("Staking", "totalStaked") + leaving + notified - paid)

    def _revenue_gaps(self, symbol: str, fees: int) -> dict[str, int]:
        """One fee from `Settlement` to its end: collected, split, auctioned, and what waits."""
        router, settlement = self.stage.address("RevenueRouter"), self.stage.address("Settlement")
        unit_scale = next(row.unit_scale for row in self.stage.manifest.assets if row.symbol == symbol)
        collected = self.moved[symbol, settlement, router]
        routed = [
            log
            for log in self.stage.view.logs("RevenueRouter")
            if log.event == "RevenueRouted" and log["token"] == self.stage.tokens[symbol]
        ]
        split = sum(log[part] for log in routed for part in PARTS)
        buyback = sum(log["buyback"] for log in routed)
        waiting, in_auction = self.stage.view.reads("RevenueRouter", "heldOf", self.stage.tokens[symbol])
        sold = sum(log["amount"] for log in self.auctions_of(symbol))
        spent = buyback if symbol == "QTRA" else sold
        kept = self.stage.view.read("Staking", "rewardOf", self.stage.tokens[symbol])
        stakers = sum(log["stakers"] for log in routed)
        return {
            f"fees {symbol}": fees * unit_scale - collected,
            f"split {symbol}": self.into(symbol, router) - split,
            f"stakers {symbol}": stakers - self.moved[symbol, router, self.stage.address("Staking")]
            if kept
            else stakers,
            f"buyback {symbol}": buyback - spent - waiting - in_auction,
            f"router {symbol}": self.held(symbol, router) - waiting - in_auction,
        }

    def auctions_of(self, symbol: str) -> list[Any]:
        """What was bought in a token's auctions."""
        events = list(self.stage.view.logs("RevenueRouter"))
        ours = {
            log["auction"]
            for log in events
            if log.event == "AuctionStarted" and log["token"] == self.stage.tokens[symbol]
        }
        return [log for log in events if log.event == "AuctionBought" and log["auction"] in ours]


PARTS = ("bounty", "stakers", "buyback", "treasury", "insurance")
"""What a routed amount is split into."""
