"""Works out every allocation again from the sale's logs, and compares terms, sums, roots, funding and claims.

Nothing is sent. It prints each figure that differs, and fails if one does; trees of team and advisers are read from
vesting/<pool>.json beside the manifest.
"""

from pathlib import Path

import click

from offchain.deployer.verification import verify
from offchain.presale.sale_plan import load_sale_plan
from scripts._desk import Desk, desk_command


@desk_command
@click.argument("plan_path", metavar="PLAN", type=click.Path(path_type=Path, dir_okay=False))
def cli(desk: Desk, *, plan_path: Path) -> None:
    """The command; its help is the module's."""
    checks = verify(desk.view, load_sale_plan(plan_path), desk.folder)
    wrong = [check for check in checks if not check.holds]
    for check in wrong:
        click.echo(f"{check.name}: expected {check.expected}, found {check.found}")
    if wrong:
        raise click.ClickException(f"{len(wrong)} of {len(checks)} figures differ.")
    click.echo(f"All {len(checks)} figures agree.")
