"""Finalises every round of the sale that has ended or is sold out; anybody may.

A successful round pays its proceeds and sends what it sold to vesting; of a failed one everybody can claim a refund.
Rounds that are finalised already, or still open, are left as they are.
"""

import click

from offchain.deployer.sale_ledger import SaleLedger
from scripts._desk import Desk, desk_command

STATES = ("upcoming", "open", "ended", "succeeded", "failed")


@desk_command
def cli(desk: Desk) -> None:
    """The command; its help is the module's."""
    count = desk.view.read("SaleManager", "roundCount")
    steps = []
    for number in range(count):
        state = STATES[desk.view.read("SaleManager", "stateOf", number)]
        raised = desk.view.read("SaleManager", "raisedOf", number)
        click.echo(f"Round {number}: {state}, {raised // 10**6}.{raised % 10**6:06} dollars raised")
        if state == "ended":
            steps.append(desk.step(f"Finalise round {number}", "SaleManager", "finalise", number))
    if not desk.perform("finalise_sale", steps) or not steps:
        return
    outcomes = SaleLedger.of(desk.view.logs("SaleManager")).outcomes
    for number, outcome in outcomes.items():
        said = "succeeded" if outcome.succeeded else "failed: its buyers can claim refunds"
        click.echo(f"Round {number} {said}; {outcome.sold} base units of QTRA sold, {outcome.unsold} not sold")
