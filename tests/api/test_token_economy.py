"""The sale, vesting, staking and revenue over HTTP: exact decimals, what is pending, and nothing where nothing is."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer.project.revenue import (
    ChainRevenueAuction,
    ChainRevenueCollection,
    ChainRevenuePrice,
    ChainRevenuePurchase,
    ChainRevenueRouting,
    ChainRevenueSplit,
    ChainRevenueTerms,
)
from indexer.project.sale import (
    ChainSale,
    ChainSalePayment,
    ChainSalePurchase,
    ChainSaleRound,
    ChainSaleShare,
    ChainSaleVoucher,
)
from indexer.project.staking import (
    ChainStake,
    ChainStakingMove,
    ChainStakingNotice,
    ChainStakingPayment,
    ChainStakingReward,
    ChainStakingTier,
)
from indexer.project.vesting import ChainVestingClaim, ChainVestingFunding, ChainVestingPool
from offchain.chain.keys import LocalSigner
from offchain.client.client import Client
from offchain.core.database import open_database
from offchain.presale.tree import ALLOCATION_TYPES, StandardTree, proves
from tests.support.chain_rows import CHAIN_ID, ChainRows, time_of
from tests.support.chainless_exchange import RunningExchange, exchange_running
from tests.support.http import ask, assert_refused

QTRA, USDC, STRANGE = b"\x01" * 20, b"\x02" * 20, b"\x99" * 20
VESTING, TREASURY, NOBODY = b"\x77" * 20, b"\x88" * 20, bytes(20)
SIGNER = LocalSigner(b"\x21" * 32)
ALICE = SIGNER.address
QTRA_UNIT = 10**18


def text(address: bytes) -> str:
    return "0x" + address.hex()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningExchange]:
    """An exchange whose tables tell of a sale, a pool, stakes and revenue; block 20 is the newest, 18 is final."""
    state = tmp_path_factory.mktemp("told")
    with exchange_running(state) as running:
        database = open_database(running.services.settings.effective_database_url)
        rows = ChainRows(database)
        _sale(rows)
        _vesting(rows, state)
        _staking(rows)
        _revenue(rows)
        rows.head(20, final=18)
        _vouchers(state)
        yield running
        database.dispose()


def _sale(rows: ChainRows) -> None:
    terms = {"tokens": 1_000 * QTRA_UNIT, "min_purchase": 1, "wallet_cap": 30_000_000, "referral_bps": 100}
    rows.add(
        1,
        ChainSalePayment(payment=0, token=USDC, decimals=6),
        ChainSalePayment(payment=1, token=STRANGE, decimals=8),
        ChainSaleShare(treasury=TREASURY, bps=10_000),
        ChainSaleRound(
            round=0, price=40_000, start_s=time_of(5), end_s=time_of(50), soft_cap=0, unsold=1, needs_voucher=1, **terms
        ),
        ChainSale(wallet_cap=35_000_000, tokens=1_000 * QTRA_UNIT),
        ChainSaleVoucher(event="VoucherSignerSet", account=TREASURY, nonce=0),
        ChainSaleVoucher(event="VoucherRevoked", account=ALICE, nonce=2),
    )
    bought = {"round": 0, "buyer": ALICE, "payment": 0, "referrer": NOBODY}
    rows.add(18, ChainSalePurchase(micros=10_000_000, tokens=250 * QTRA_UNIT, **bought))
    rows.add(19, ChainSalePurchase(micros=1, tokens=250 * QTRA_UNIT + 25 * 10**12, **bought))


def _vesting(rows: ChainRows, state: Path) -> None:
    tree = StandardTree.build(
        [(CHAIN_ID, VESTING, 0, ALICE, 1_000), (CHAIN_ID, VESTING, 0, TREASURY, 5)], ALLOCATION_TYPES
    )
    tree.dump(state / "vesting" / "0.json")
    schedule = {"start_s": time_of(10), "cliff_s": time_of(15), "end_s": time_of(30), "start_bps": 1_000}
    rows.add(9, ChainVestingFunding(pool=0, funder=TREASURY, amount=1_005))
    rows.add(9, ChainVestingPool(pool=0, root=tree.root, total=1_005, revocable=0, **schedule))
    rows.add(19, ChainVestingClaim(pool=0, account=ALICE, recipient=TREASURY, amount=100, claimed=100))


def _staking(rows: ChainRows) -> None:
    staking = b"\x57" * 20
    rows.add(2, *(ChainStakingTier(tier=tier, threshold=tier * 100 * QTRA_UNIT) for tier in (1, 2)))
    rows.add(2, ChainStakingReward(reward=1, token=USDC), ChainStakingReward(reward=2, token=STRANGE))
    rows.add(3, ChainStakingNotice(reward=1, payer=TREASURY, amount=7_500_000, end_s=time_of(100)))
    move = {"contract": staking, "account": ALICE, "staked": 0}
    rows.add(17, ChainStakingMove(event="Staked", request=0, amount=150 * QTRA_UNIT, at_s=0, **move))
    asked = {"request": 0, "amount": QTRA_UNIT // 2, "at_s": time_of(21)}
    rows.add(19, ChainStakingMove(event="UnstakeRequested", **asked, **move))
    rows.add(19, ChainStakingPayment(reward=2, account=ALICE, amount=3))
    rows.put(ChainStake(chain_id=CHAIN_ID, contract=staking, account=ALICE, amount=149_500_000_000_000_000_000))


def _revenue(rows: ChainRows) -> None:
    rows.add(2, ChainRevenueSplit(stakers_bps=5_000, buyback_bps=3_000, treasury_bps=1_500, insurance_bps=500))
    rows.add(3, ChainRevenueCollection(asset=2, token=USDC, amount=2_000_000))
    parts = {"bounty": 1, "stakers": 999_999, "buyback": 600_000, "treasury": 300_000, "insurance": 100_000}
    rows.add(3, ChainRevenueRouting(token=USDC, keeper=TREASURY, **parts))
    rows.add(4, ChainRevenueTerms(token=USDC, daily_cap=9, min_amount=1, start_bps=1, floor_bps=1, duration_s=200))
    price = {"start_price": 22 * 10**30, "floor_price": 18 * 10**30}
    rows.add(10, ChainRevenueAuction(auction=1, token=USDC, amount=600_000, **price))
    rows.add(18, ChainRevenuePurchase(auction=1, buyer=ALICE, amount=100_000, qtra=2 * QTRA_UNIT))
    rows.add(19, ChainRevenuePurchase(auction=1, buyer=ALICE, amount=50_000, qtra=QTRA_UNIT))
    rows.add(19, ChainRevenuePrice(token=USDC, price=20 * 10**30 + 1))


def _vouchers(state: Path) -> None:
    folder = state / "vouchers"
    folder.mkdir()
    voucher = {"round": 0, "cap": 2**60, "deadline": 1_900_000_000, "signature": "0x" + "ab" * 65}
    vouchers = [{"buyer": text(ALICE), "nonce": nonce, **voucher} for nonce in (1, 2)]
    issued = [*vouchers, {"buyer": text(TREASURY), "nonce": 3, **voucher}]
    (folder / "first.json").write_text(
        json.dumps({"chainId": CHAIN_ID, "saleManager": text(NOBODY), "vouchers": issued})
    )
    (folder / "of_another_chain.json").write_text(
        json.dumps({"chainId": 1, "saleManager": text(NOBODY), "vouchers": issued})
    )
    (folder / "broken.json").write_text("[{]")


async def read(running: RunningExchange, path: str) -> Any:
    answer = await ask(running.url, "GET", f"/api/v1{path}")
    assert answer.status == 200, answer
    return answer.body


AS_OF = {"block": 20, "finalBlock": 18, "timestampMs": time_of(20) * 1_000}


async def test_the_sale_tells_its_rounds(told: RunningExchange) -> None:
    sale = await read(told, "/sale")
    assert (sale["asOf"], sale["contract"]) == (AS_OF, None)
    assert (sale["walletCap"], sale["tokens"], sale["voucherSigner"]) == ("35", "1000", text(TREASURY))
    assert sale["payments"] == [
        {"payment": 0, "token": {"address": text(USDC), "symbol": "USDC", "decimals": 6}},
        {"payment": 1, "token": {"address": text(STRANGE), "symbol": None, "decimals": 8}},
    ]
    assert sale["shares"] == [{"treasury": text(TREASURY), "bps": 10_000}]
    assert sale["rounds"] == [
        {
            "round": 0,
            "state": "OPEN",
            "price": "0.04",
            "startMs": time_of(5) * 1_000,
            "endMs": time_of(50) * 1_000,
            "tokens": "1000",
            "hardCap": "40",
            "softCap": "0",
            "minPurchase": "0.000001",
            "walletCap": "30",
            "referralBps": 100,
            "unsold": "TREASURY",
            "needsVoucher": True,
            "raised": "10.000001",
            "raisedPending": "0.000001",
            "raisedByPayment": [{"payment": 0, "raised": "10.000001"}],
            "sold": "250.000025",
            "finalised": False,
            "unsoldTokens": None,
        }
    ]


async def test_a_wallets_part_in_the_sale(told: RunningExchange) -> None:
    wallet = await read(told, f"/sale/wallets/{text(ALICE)}")
    (one,) = wallet["rounds"]
    assert one == {
        "round": 0,
        "paid": "10.000001",
        "paidPending": "0.000001",
        "allocation": "250.000025",
        "remaining": "19.999999",
        "refundable": "0",
        "refunded": "0",
        "referral": "0",
        "referralClaimable": "0",
    }
    second, first = wallet["purchases"]
    assert (first["paid"], first["allocation"], first["final"], first["referrer"]) == ("10", "250", True, None)
    assert (second["paid"], second["final"]) == ("0.000001", False)
    assert (await read(told, f"/sale/wallets/{text(STRANGE)}"))["purchases"] == []


async def test_vouchers_are_told_to_their_buyer_alone(told: RunningExchange) -> None:
    async with Client(told.url) as client:
        for signer, nonces in ((SIGNER, ["1", "2"]), (LocalSigner(b"\x22" * 32), [])):
            session = await client.sign_in(client.wallet(signer))
            headers = {"authorization": f"Bearer {session.access_token}"}
            answer = await ask(told.url, "GET", "/api/v1/sale/vouchers", headers=headers)
            assert [row["nonce"] for row in answer.body["vouchers"]] == nonces
            if nonces:
                assert [row["revoked"] for row in answer.body["vouchers"]] == [False, True]
                assert answer.body["vouchers"][0]["cap"] == str(2**60)
    assert_refused(await ask(told.url, "GET", "/api/v1/sale/vouchers"), 401, 4000)


async def test_vesting_tells_what_can_be_claimed_and_proves_it(told: RunningExchange) -> None:
    (pool,) = (await read(told, "/vesting"))["pools"]
    unit = "0.000000000000001"
    assert (pool["funded"], pool["total"], pool["claimed"]) == (f"{unit}005", f"{unit}005", "0.0000000000000001")
    assert pool["final"] is True
    vesting = await read(told, f"/vesting/{text(ALICE)}")
    assert vesting["asOf"] == AS_OF
    (one,) = vesting["holdings"]
    assert (one["allocation"], one["allocationUnits"]) == ("0.000000000000001", "1000")
    assert (one["vested"], one["claimed"]) == ("0.00000000000000055", "0.0000000000000001")
    assert (one["claimable"], one["claimedPending"]) == ("0.00000000000000045", "0.0000000000000001")
    assert [point["atMs"] for point in one["points"]] == [time_of(block) * 1_000 for block in (10, 15, 30)]
    assert [point["vested"][-3:] for point in one["points"]] == ["001", "325", "001"]
    proof = [bytes.fromhex(part[2:]) for part in one["proof"]]
    assert proves(bytes.fromhex(pool["root"][2:]), ALLOCATION_TYPES, (CHAIN_ID, VESTING, 0, ALICE, 1_000), proof)
    assert (await read(told, f"/vesting/{text(STRANGE)}"))["holdings"] == []


async def test_staking_tells_tiers_rewards_and_what_they_take_off(told: RunningExchange) -> None:
    staking = await read(told, "/staking")
    assert (staking["staked"], staking["stakers"]) == ("149.5", 1)
    assert staking["holder"] == {"minimum": "1000", "makerDiscountPpm": 800_000, "takerDiscountPpm": 760_000}
    first, second = staking["tiers"]
    assert (first["tier"], first["threshold"], second["threshold"]) == (1, "100", "200")
    assert second["takerDiscountPpm"] > first["takerDiscountPpm"] > 760_000
    dollars, strange = staking["rewards"]
    assert (dollars["token"]["symbol"], dollars["notified"], dollars["paid"]) == ("USDC", "7.5", "0")
    assert dollars["stream"] is None, "no node tells"
    (payment,) = dollars["livePayments"]
    assert (payment["payer"], payment["source"], payment["amount"]) == (text(TREASURY), "OTHER", "7.5")
    assert (strange["token"], strange["paid"]) == ({"address": text(STRANGE), "symbol": None, "decimals": None}, "3")


async def test_a_staking_position(told: RunningExchange) -> None:
    one = await read(told, f"/staking/{text(ALICE)}")
    assert (one["staked"], one["stakedFinal"], one["tier"], one["nextThreshold"]) == ("149.5", "150", 1, "200")
    (request,) = one["requests"]
    assert (request["amount"], request["withdrawable"], request["final"]) == ("0.5", False, False)
    assert [(row["claimable"], row["paid"]) for row in one["rewards"]] == [(None, "0"), (None, "3")]
    nobody = await read(told, f"/staking/{text(STRANGE)}")
    assert (nobody["staked"], nobody["tier"], nobody["makerDiscountPpm"]) == ("0", 0, 0)


async def test_revenue_tells_the_flow_to_its_end(told: RunningExchange) -> None:
    revenue = await read(told, "/revenue")
    assert revenue["split"] == {"stakersBps": 5_000, "buybackBps": 3_000, "treasuryBps": 1_500, "insuranceBps": 500}
    (flow,) = revenue["flows"]
    assert (flow["collected"], flow["bounty"], flow["stakers"]) == ("2", "0.000001", "0.999999")
    assert (flow["sold"], flow["soldFor"]) == ("0.15", "3")
    assert flow["price"]["price"] == "20.000000000000000000000000000001"
    (auction,) = revenue["auctions"]
    assert (auction["startPrice"], auction["floorPrice"], auction["asks"]) == ("22", "18", "20")
    assert (auction["sold"], auction["unsold"], auction["endMs"]) == ("0.15", None, time_of(30) * 1_000)
    assert (revenue["burned"], revenue["burnedPending"]) == ("3", "1")


async def test_an_exchange_without_these_contracts_has_nothing_to_tell(exchange: RunningExchange) -> None:
    nothing = {"asOf": None, "contract": None}
    assert await read(exchange, "/sale") == nothing | {
        "walletCap": None,
        "tokens": None,
        "voucherSigner": None,
        "payments": [],
        "shares": [],
        "rounds": [],
    }
    assert await read(exchange, "/vesting") == nothing | {"pools": []}
    revenue = nothing | {"split": None, "flows": [], "auctions": [], "burned": "0", "burnedPending": "0"}
    assert await read(exchange, "/revenue") == revenue
    assert (await read(exchange, "/staking"))["rewards"] == []
    for path in ("/sale/wallets", "/vesting", "/staking"):
        assert (await read(exchange, f"{path}/{text(ALICE)}"))["asOf"] is None
    status = await read(exchange, "/status")
    (part,) = [one for one in status["components"] if one["name"] == "discounts"]
    assert (part["health"], part["figures"]) == ("OK", {"throughBlock": -1, "journaled": 0})


@pytest.mark.parametrize("path", ["/sale/wallets", "/vesting", "/staking"])
@pytest.mark.parametrize("address", ["0x12", "0x" + "zz" * 20, "11" * 21])
async def test_what_is_no_address_is_refused(exchange: RunningExchange, path: str, address: str) -> None:
    assert_refused(await ask(exchange.url, "GET", f"/api/v1{path}/{address}"), 400, 1000)
