"""A whole sale on a chain of its own, from configuration to the last claim, and the exchange's fees to QTRA burned.

The deployers' part is done by their scripts, the others' by transactions. At the end every figure is counted again from
the tokens' logs and the contracts' storage (`make sale-demo`).
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from benchmarks.figures import Figures
from benchmarks.sale_demo.audit import Audit
from benchmarks.sale_demo.charts import Curve, Flow, draw_flows, draw_vesting
from benchmarks.sale_demo.holders import Vesting, insiders, write_holders
from benchmarks.sale_demo.investors import (
    FAILING_ROUND,
    buy,
    claim_referrals,
    issue_vouchers,
    planned_purchases,
    refund_all,
)
from benchmarks.sale_demo.revenue import DAY_S, QTRA_FOR_A_DOLLAR, Stakers, buy_back, report_prices, trade
from benchmarks.sale_demo.stage import PLAN, Stage, open_stage

CLAIM_SHARES: Final = (0.5, 0.3, 0.3, 0.25, 0.25, 1.0)
"""How many of those who can claim do so at each of the moments."""
_POINTS: Final = 120
_TREASURY_GIFT: Final = 10_000 * 10**18


@click.command(help=__doc__)
@click.option("--wallets", default=2_000, show_default=True, help="How many wallets take part.")
@click.option("--seed", default=1, show_default=True, help="Repeats a run.")
@click.option("--charts", type=click.Path(path_type=Path, file_okay=False), help="Where the drawings are written.")
def main(*, wallets: int, seed: int, charts: Path | None) -> None:
    """The command; its help is the module's."""
    began = time.monotonic()

    def say(text: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began:6.1f} s  {text}\n")

    with tempfile.TemporaryDirectory() as folder, open_stage(Path(folder), wallets, seed) as stage:
        say("deployed")
        refused = _sell(stage, say)
        vesting, fees = _vest(stage, say)
        audit = Audit(stage)
        gaps = audit.unaccounted(fees)
        raised, refunded = audit.raised()
        figures = Figures("sale-demo", f"make sale-demo WALLETS={wallets} SEED={seed}")
        figures.tell("sale_raised", raised, "micros", wallets)
        figures.tell("refunded", refunded, "micros", wallets)
        figures.tell("refused_when_sold_out", refused, "purchases", wallets)
        mismatches = audit.allocation_mismatches(vesting.allocations)
        figures.tell("allocation_mismatch", mismatches, "wallets", wallets * len(stage.plan.rounds))
        figures.tell("vesting_mismatch", vesting.mismatches, "claims", vesting.claims)
        figures.tell("unaccounted_units", sum(map(abs, gaps.values())), "units", len(audit.transfers))
        figures.tell("supply_burned", str(audit.burned()), "units", 1)
        figures.tell("bought_back", str(_bought_back(audit)), "units", 1)
        figures.tell("transactions", stage.node.transactions, "transactions", 1)
        figures.tell("took", round(time.monotonic() - began, 1), "s", 1)
        if charts is not None:
            _draw(stage, vesting, audit, charts)
            say(f"drawn into {charts}")
    if gaps or mismatches or vesting.mismatches:
        raise click.ClickException(f"Units are unaccounted for, or claims wrong: {gaps}")


def _sell(stage: Stage, say: Callable[[str], None]) -> int:
    """The four rounds, one of which fails; how many purchases were refused because a round was sold out."""
    stage.script_that_sends("configure_sale", PLAN)
    rounds = planned_purchases(stage)
    vouchers = issue_vouchers(stage, rounds)
    say(f"configured, {len(vouchers)} vouchers signed")
    refused = 0
    for number, (planned, purchases) in enumerate(zip(stage.plan.rounds, rounds, strict=True)):
        _, start, end, *_ = planned.row()
        stage.node.travel(start)
        refused += buy(stage, number, purchases, vouchers)
        stage.node.travel(end)
        stage.script_that_sends("finalise_sale")
        if number == FAILING_ROUND:
            refund_all(stage, number, purchases)
        else:
            claim_referrals(stage, number)
        say(f"{planned.name}: {len(purchases)} purchases, finalised")
    return refused


def _vest(stage: Stage, say: Callable[[str], None]) -> tuple[Vesting, dict[str, int]]:
    """Vesting through the years, and in its second month staking and revenue; the fees by asset in ledger units."""
    write_holders(stage)
    stage.node.fund([insider.address for insider in insiders()])
    stage.script_that_sends("publish_vesting", PLAN, "--holders", stage.folder / "holders.csv")
    vesting = Vesting(stage)
    say(f"published {len(vesting.trees)} pools, {len(vesting.claimed)} allocations")
    first = min(stage.plan.schedule(pool)[0] for pool in vesting.trees)
    last = max(stage.plan.schedule(pool)[2] for pool in vesting.trees)
    fees: dict[str, int] = {}
    for moment, share in enumerate(CLAIM_SHARES):
        stage.node.travel(first + (last - first) * moment**2 // (len(CLAIM_SHARES) - 1) ** 2 + 3_601 * (moment + 1))
        vesting.claim(share)
        if moment == 0:
            fees = _bring_home(stage, say)
        if moment == 3:
            vesting.revoke_one()
        say(f"claims at moment {moment + 1} of {len(CLAIM_SHARES)}: {vesting.claims} so far")
    say(stage.script("verify", PLAN).strip().splitlines()[-1])
    return vesting, fees


def _bring_home(stage: Stage, say: Callable[[str], None]) -> dict[str, int]:
    """Stakes, trades, routes the fees, buys back, and pays the stakers; the fees by asset in ledger units."""
    stakers = Stakers(stage, stage.addresses)
    stakers.stake()
    fees = trade(stage)
    router = stage.address("RevenueRouter")
    stage.node.send([stage.token_call(stage.deployer, "QTRA", "transfer", router, _TREASURY_GIFT)])
    stage.script_that_sends("route_revenue")
    for day in range(2):
        report_prices(stage)
        stage.script_that_sends("route_revenue")
        bought = buy_back(stage, [*stakers.accounts[day : day + 4], stage.deployer])
        say(f"day {day + 1}: {bought} purchases bought QTRA back")
        stage.node.travel(stage.node.now() + DAY_S)
    stage.node.travel(stage.node.now() + 7 * DAY_S)
    stakers.claim()
    stakers.leave()
    return fees


def _bought_back(audit: Audit) -> int:
    """QTRA that auctions burned."""
    return sum(log["qtra"] for symbol in audit.stage.tokens for log in audit.auctions_of(symbol))


def _draw(stage: Stage, vesting: Vesting, audit: Audit, folder: Path) -> None:
    schedules = {pool: stage.plan.schedule(pool) for pool in vesting.trees}
    first, last = min(row[0] for row in schedules.values()), max(row[2] for row in schedules.values())
    times = [first - (last - first) // 40 + (last - first) * step // _POINTS for step in range(_POINTS + 8)]
    curves = []
    for pool, allocations in vesting.allocations.items():
        total, (start, cliff, end, _, _) = sum(allocations.values()), schedules[pool]
        moments = sorted({*times, start - 1, start, cliff - 1, cliff, end})
        vested = stage.views("MerkleVesting", "vested", [(pool, total, moment) for moment in moments])
        lines = [(moment, tokens / 1e18) for moment, tokens in zip(moments, vested, strict=True)]
        dots = [(moment, tokens / 1e18) for moment, tokens in vesting.points[pool]]
        curves.append(Curve(stage.plan.pool_names()[pool], lines, dots))
    draw_vesting(folder / "sale-vesting.svg", curves)
    flows = [flow for symbol in ("USDC", "DAI", "QTRA") for flow in _flows(stage, audit, symbol)]
    columns = (
        ["USDC fees", "DAI fees", "QTRA"],
        ["router"],
        ["stakers", "buyback", "treasury", "insurance", "keepers"],
        ["QTRA burned", "waits"],
    )
    draw_flows(folder / "sale-revenue.svg", "Where the revenue went, dollars", columns, flows)


def _flows(stage: Stage, audit: Audit, symbol: str) -> list[Flow]:
    """One token's way through the router, in dollars."""
    unit = 10.0 ** stage.decimals[symbol] * (QTRA_FOR_A_DOLLAR if symbol == "QTRA" else 1)
    token = stage.tokens[symbol]
    logs = [log for log in stage.view.logs("RevenueRouter") if log.event == "RevenueRouted" and log["token"] == token]
    names = {"stakers": "stakers", "buyback": "buyback", "treasury": "treasury", "insurance": "insurance"}
    parts = {name: sum(log[part] for log in logs) / unit for part, name in (names | {"bounty": "keepers"}).items()}
    waiting = sum(stage.view.reads("RevenueRouter", "heldOf", token)) / unit
    origin = "QTRA" if symbol == "QTRA" else f"{symbol} fees"
    return [
        Flow(origin, "router", sum(parts.values())),
        *(Flow("router", name, dollars) for name, dollars in parts.items() if dollars),
        Flow("buyback", "QTRA burned", parts["buyback"] - waiting),
        *([Flow("buyback", "waits", waiting)] if waiting else []),
    ]


if __name__ == "__main__":
    main()
