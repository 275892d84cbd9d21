"""What settlement costs, whole transactions on anvil with warm slots, against the figures in docs/contracts/gas.json.

`QUANTATRADE_WRITE_GAS=1` writes that file anew: gas is a figure that changes with a review, not by accident.
"""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from eth_account import Account
from venue import BUY, QTRA, SELL, UNIT_SCALES, USDC, Intent, skips

from offchain.settlement.encoding import BatchFill, encode_payload

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "contracts" / "gas.json"
TOLERANCE = 0.01
FLZ = "process.stdout.write(String(require('solady').LibZip.flzCompress(process.argv[1]).length / 2 - 1))"


class Trader:
    """A wallet that only signs."""

    def __init__(self, index: int) -> None:
        self.private_key = (0xB0B000 + index).to_bytes(32, "big")
        self.address = Account.from_key(self.private_key).address


@pytest.fixture(scope="module")
def crowd(empty_venue, chain):
    """202 traders, each holding both assets, whose lane 0 has been used."""
    venue = replace(empty_venue, wallets=[Trader(index) for index in range(202)])
    provider = chain.provider
    units = 10**15
    for asset in (QTRA, USDC):
        amount = units * UNIT_SCALES[asset]
        venue.tokens[asset].mint(venue.admin, amount * 202, sender=venue.admin)
        venue.tokens[asset].approve(venue.vault, amount * 202, sender=venue.admin)
        for trader in venue.wallets:
            data = venue.vault.depositFor.encode_input(trader.address, asset, amount)
            call = {"from": venue.admin.address, "to": venue.vault.address, "data": "0x" + bytes(data).hex()}
            provider.make_request("eth_sendTransaction", [call])
    warm(venue, [Intent(i, i % 2, seq=1) for i in range(202)], [BatchFill(i, i + 1, 1) for i in range(0, 202, 2)])
    return venue


def warm(venue, intents, fills):
    """Settles a batch whose cost is not of interest."""
    assert skips(venue.settle([venue.signed(intent) for intent in intents], fills)) == {}


def measure(venue, intents, fills):
    """Gas of the transaction and bytes of its payload."""
    payload = encode_payload([venue.signed(intent) for intent in intents], fills)
    receipt = venue.settle_payload(payload, gas_limit=16_777_216)
    assert skips(receipt) == {}
    return receipt.gas_used, payload


def at(index: int, side: int, seq: int, **changes: int) -> Intent:
    """An order as in life: prices of three bytes, a seq of milliseconds, an expiry of seconds."""
    intent = Intent(index, side, 1_750_000_000_000 + 997 * seq, price=600_000, quantity=150_000)
    return intent.but(expiry=1_950_000_000 + seq, **changes)


def pairs(venue, count, seq):
    intents = [at(i, i % 2, seq + i) for i in range(2 * count)]
    return measure(venue, intents, [BatchFill(2 * i, 2 * i + 1, 100_000) for i in range(count)])


def rows(venue):
    figures = {}
    for count in (1, 10, 100):
        gas, payload = pairs(venue, count, 1_000 * count)
        figures[f"pairs_{count}_gas_per_pair"] = gas // count
    figures["pairs_100_bytes_per_pair"] = len(payload) // 100
    flz = subprocess.run(["node", "-e", FLZ, "0x" + payload.hex()], cwd=ROOT, check=True, capture_output=True)
    figures["pairs_100_flz_bytes_per_pair"] = int(flz.stdout) // 100

    against = [at(i, BUY, 200_000 + i) for i in range(1, 101)]
    gas, _ = measure(
        venue,
        [at(0, SELL, 200_000, quantity=10**7), *against],
        [BatchFill(0, i, 10**5) for i in range(1, 101)],
    )
    figures["one_against_100_gas_per_fill"] = gas // 100

    lanes = [at(0, SELL, 300_000 + i, lane=i + 1) for i in range(100)]
    takers = [at(i + 1, BUY, 300_000 + i) for i in range(100)]
    fills = [BatchFill(i, 100 + i, 10) for i in range(100)]
    measure(venue, lanes + takers, fills)
    gas, _ = measure(venue, [intent.but(seq=intent.seq + 10**6) for intent in lanes + takers], fills)
    figures["100_lanes_of_one_against_100_gas_per_fill"] = gas // 100

    book = [at(i, i % 2, 2_000_000 + i) for i in range(20)]
    gas, _ = measure(venue, book, [BatchFill(i % 10 * 2, (i // 10 * 2 + i * 2 + 1) % 20, 50) for i in range(400)])
    figures["400_fills_of_20_orders_gas_per_fill"] = gas // 400
    return figures


def test_settlement_costs_what_the_table_says(crowd):
    figures = rows(crowd)
    print(json.dumps(figures, indent=2))
    if os.environ.get("QUANTATRADE_WRITE_GAS"):
        TABLE.write_text(json.dumps(figures, indent=2) + "\n")
    recorded = json.loads(TABLE.read_text())
    assert figures.keys() == recorded.keys()
    for name, figure in figures.items():
        assert figure == pytest.approx(recorded[name], rel=TOLERANCE), name
