"""Signs KYC vouchers in bulk, from a list with the columns buyer, round, cap_usd and deadline.

A round stands there by its name, a deadline in ISO 8601 and UTC. The key is that of an encrypted keyfile, opened by
QUANTATRADE_KEY_PASSPHRASE or a passphrase file beside it, and must be the sale's voucher signer. Nothing is sent.
Issuing a list again gives the same vouchers. They are written beside the manifest, from where the API gives each buyer
its own.
"""

from pathlib import Path

import click
import msgspec
from eth_utils.address import to_checksum_address

from offchain.chain.keys import load_or_create_keyfile
from offchain.core.errors import ConfigurationError
from offchain.core.whole_files import write_whole
from offchain.deployer.vouchers import read_vouchers, signed_vouchers
from offchain.presale.sale_plan import load_sale_plan
from scripts._desk import Desk, desk_command

_FILE = click.Path(path_type=Path, dir_okay=False)


@desk_command
@click.argument("plan_path", metavar="PLAN", type=_FILE)
@click.argument("buyers_path", metavar="LIST", type=_FILE)
@click.option("--key", "key_path", required=True, type=_FILE, help="Keyfile of the voucher signer.")
@click.option("--out", "out_path", type=_FILE, help="Where they are written; vouchers/<LIST>.json if not named.")
def cli(desk: Desk, *, plan_path: Path, buyers_path: Path, key_path: Path, out_path: Path | None) -> None:
    """The command; its help is the module's."""
    vouchers = read_vouchers(buyers_path, load_sale_plan(plan_path))
    if not key_path.exists():
        raise ConfigurationError(f"There is no keyfile {key_path}.", "Name the voucher signer's.")
    signer = load_or_create_keyfile(key_path)
    expected = desk.view.read("SaleManager", "voucherSigner")
    if signer.address != expected:
        raise ConfigurationError(
            f"The key is that of {to_checksum_address(signer.address)}, and vouchers are signed by "
            f"{to_checksum_address(expected)}.",
            "Name the keyfile of the sale's voucher signer.",
        )
    click.echo(f"{len(vouchers)} vouchers for {len({voucher.buyer for voucher in vouchers})} buyers.")
    if desk.is_dry_run:
        click.echo("A dry run: nothing was signed.")
        return
    content = {
        "chainId": desk.manifest.chain_id,
        "saleManager": to_checksum_address(desk.manifest.address("SaleManager")),
        "signer": to_checksum_address(signer.address),
        "vouchers": signed_vouchers(vouchers, signer, desk.view.read("SaleManager", "domainSeparator")),
    }
    path = out_path or desk.folder / "vouchers" / f"{buyers_path.stem}.json"
    write_whole(path, msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
    click.echo(f"Signed; the vouchers are in {path}.")
