"""Tells the sale its rounds, once, from the reviewed plan of a sale (scripts/sale.yaml is one).

The tokens of all rounds come from the administrator. Where the sale has these rounds already, nothing is done.
"""

from pathlib import Path

import click

from offchain.core.errors import ConfigurationError
from offchain.presale.sale_plan import MICRO_DECIMALS, SalePlan, load_sale_plan
from scripts._desk import Desk, Step, desk_command


@desk_command
@click.argument("plan_path", metavar="PLAN", type=click.Path(path_type=Path, dir_okay=False))
def cli(desk: Desk, *, plan_path: Path) -> None:
    """The command; its help is the module's."""
    plan = load_sale_plan(plan_path)
    configured = desk.view.read("SaleManager", "roundCount")
    if configured:
        _compare(desk, plan, configured)
        desk.perform("configure_sale", [])
        return
    first = plan.rounds[0]
    if first.row()[1] <= desk.view.head()[1] + desk.delay_s:
        raise ConfigurationError(f"{first.name} would have begun before it is configured.", "Let it begin later.")
    desk.perform(
        "configure_sale", _steps(desk, plan), by=desk.administrator, rounds=plan.pool_names()[: len(plan.rounds)]
    )


def _steps(desk: Desk, plan: SalePlan) -> list[Step]:
    sale, qtra, administrator = desk.manifest.address("SaleManager"), desk.token("QTRA"), desk.administrator
    held = desk.view.read("QTRAToken", "balanceOf", administrator)
    if held < plan.tokens_for_sale:
        raise ConfigurationError(
            f"The administrator 0x{administrator.hex()} has {held} base units of QTRA, and the rounds sell "
            f"{plan.tokens_for_sale}.",
            "Send it the rest first.",
        )
    payments = [desk.token(symbol) for symbol in plan.payments]
    for symbol, token in zip(plan.payments, payments, strict=True):
        if desk.view.read("TestToken", "decimals", address=token) < MICRO_DECIMALS or symbol == "QTRA":
            raise ConfigurationError(
                f"{symbol} cannot pay for QTRA.", f"A payment token has {MICRO_DECIMALS} decimals."
            )
    for number, planned in enumerate(plan.rounds):
        click.echo(
            f"Round {number}, {planned.name}: {planned.token_cap} QTRA at {planned.price_usd} dollars, "
            f"{planned.start.isoformat()} to {planned.end.isoformat()}, soft cap {planned.soft_cap_usd} dollars"
        )
    terms = (
        [planned.row() for planned in plan.rounds],
        ["0x" + token.hex() for token in payments],
        [(share.treasury, share.bps) for share in plan.proceeds],
        plan.wallet_cap_micros,
        plan.voucher_signer,
    )
    tokens = f"{plan.tokens_for_sale // 10**18} QTRA"
    return [
        desk.step(f"Allow the sale to take {tokens}", "QTRAToken", "approve", sale, plan.tokens_for_sale, target=qtra),
        desk.step(f"Configure {len(plan.rounds)} rounds, which take {tokens}", "SaleManager", "configure", *terms),
    ]


def _compare(desk: Desk, plan: SalePlan, configured: int) -> None:
    rows = [tuple(desk.view.read("SaleManager", "roundOf", number)) for number in range(configured)]
    if rows != [planned.row() for planned in plan.rounds]:
        raise ConfigurationError(
            "The sale is configured otherwise than this plan.", "It cannot be changed; use the plan that it has."
        )
