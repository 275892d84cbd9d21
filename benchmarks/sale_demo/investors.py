"""The sale as its buyers live it: vouchers, purchases by allowance and by permit, refunds and referrals."""

import csv
import json
from typing import Any, Final, NamedTuple

from eth_account import Account
from eth_utils.address import to_checksum_address

from benchmarks.sale_demo.node import Call
from benchmarks.sale_demo.stage import PLAN, Stage
from offchain.chain.keys import LocalSigner
from offchain.chain.typed_data import keccak
from offchain.presale.sale_plan import MICRO_DECIMALS, MICROS

DEMAND_BPS: Final = (10_500, 7_000, 0, 6_000)
"""What is asked for in each round, of what its tokens cost; of the third, which fails, two fifths of its soft cap."""
FAILING_ROUND: Final = 2
_DEADLINE: Final = 2**40 - 1
_ALLOWANCE: Final = 2**255
_PERMIT_TYPE: Final = b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
_NOBODY: Final = bytes(20)
_NO_VOUCHER: Final = ("0x" + "00" * 20, 0, 0, 0, 0)
SIGNER_KEY: Final = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
"""The second account of the test mnemonic, which the plan names as voucher signer; it is public."""


class Purchase(NamedTuple):
    """What a wallet, by number, asks for: micros in a payment token by index, and who referred it."""

    wallet: int
    payment: int
    micros: int
    referrer: int | None


def planned_purchases(stage: Stage) -> list[list[Purchase]]:
    """Who asks for what in each round: most wallets in one or two, some of them twice, in amounts of every size."""
    rounds = []
    for number, planned in enumerate(stage.plan.rounds):
        share = 0.45 if planned.needs_voucher else 0.75
        crowd = [wallet for wallet in range(len(stage.wallets)) if stage.random.random() < share] or [0]
        caps = int(planned.wallet_cap_usd * MICROS), int(planned.min_purchase_usd * MICROS)
        demand = int(planned.worth_usd * MICROS) * DEMAND_BPS[number] // 10_000
        if number == FAILING_ROUND:
            demand = int(planned.soft_cap_usd * MICROS) * 2 // 5
        weights = [stage.random.lognormvariate(0, 1) for _ in crowd]
        purchases: list[Purchase] = []
        for wallet, weight in zip(crowd, weights, strict=True):
            micros = max(caps[1] * 2, min(caps[0], int(demand * weight / sum(weights))))
            if number == FAILING_ROUND and sum(row.micros for row in purchases) + micros > demand:
                break
            purchases += _parts(stage, wallet, micros, caps[1])
        stage.random.shuffle(purchases)
        rounds.append(_filled(stage, purchases, crowd, demand, caps[0]))
    return rounds


def _parts(stage: Stage, wallet: int, micros: int, least: int) -> list[Purchase]:
    others = [other for other in range(len(stage.wallets)) if other != wallet]
    referrer = stage.random.choice(others) if others and stage.random.random() < 0.3 else None
    first = stage.random.randint(least, micros - least) if stage.random.random() < 0.4 else micros
    parts = [first, micros - first] if first < micros else [micros]
    return [Purchase(wallet, stage.random.randrange(2), part, referrer) for part in parts]


def _filled(stage: Stage, purchases: list[Purchase], crowd: list[int], demand: int, cap: int) -> list[Purchase]:
    """The purchases, and more of those who have room, until the demand is there: caps cut off what the large asked."""
    paid = dict.fromkeys(crowd, 0)
    for row in purchases:
        paid[row.wallet] += row.micros
    missing = demand - sum(paid.values())
    for wallet in crowd:
        more = min(missing, cap - paid[wallet])
        if more > cap // 20:
            purchases.append(Purchase(wallet, stage.random.randrange(2), more, None))
            missing -= more
    return purchases


def issue_vouchers(stage: Stage, rounds: list[list[Purchase]]) -> dict[tuple[int, int], tuple[tuple[Any, ...], bytes]]:
    """The voucher and its signature by wallet and round, as the script issued them from a list."""
    buyers, out = stage.folder / "buyers.csv", stage.folder / "vouchers" / "buyers.json"
    with buyers.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("buyer", "round", "cap_usd", "deadline"))
        for planned, purchases in zip(stage.plan.rounds, rounds, strict=True):
            if planned.needs_voucher:
                for wallet in sorted({row.wallet for row in purchases}):
                    address = to_checksum_address(stage.wallets[wallet].address)
                    writer.writerow((address, planned.name, planned.wallet_cap_usd, "2027-12-31T00:00:00+00:00"))
    key = stage.folder / "voucher-signer.json"
    (stage.folder / "voucher-signer.passphrase").write_text("the demo's")
    key.write_text(json.dumps(_keyfile(SIGNER_KEY, "the demo's")))
    stage.script("issue_vouchers", PLAN, buyers, "--key", key)
    numbers = {wallet.address: number for number, wallet in enumerate(stage.wallets)}
    vouchers = {}
    for row in json.loads(out.read_bytes())["vouchers"]:
        fields = tuple(row[name] for name in ("buyer", "round", "cap", "deadline", "nonce"))
        wallet = numbers[bytes.fromhex(row["buyer"][2:])]
        vouchers[wallet, row["round"]] = fields, bytes.fromhex(row["signature"][2:])
    return vouchers


def buy(
    stage: Stage,
    number: int,
    purchases: list[Purchase],
    vouchers: dict[tuple[int, int], tuple[tuple[Any, ...], bytes]],
) -> int:
    """Mints what is needed, and buys in a round that is open; how many were refused because it was sold out."""
    sale, symbols = stage.address("SaleManager"), stage.plan.payments
    scales = [10 ** (stage.decimals[symbol] - MICRO_DECIMALS) for symbol in symbols]
    separators = [stage.view.read("TestToken", "DOMAIN_SEPARATOR", address=stage.tokens[symbol]) for symbol in symbols]
    before: list[Call] = []
    calls: list[Call] = []
    nonces: dict[tuple[int, int], int] = {}
    shown: set[int] = set()
    for place, row in enumerate(purchases):
        signer, amount = stage.wallets[row.wallet], row.micros * scales[row.payment]
        before.append(stage.token_call(signer.address, symbols[row.payment], "mint", signer.address, amount))
        voucher, signature = vouchers.get((row.wallet, number), (_NO_VOUCHER, b""))
        if row.wallet in shown:
            voucher, signature = _NO_VOUCHER, b""
        shown.add(row.wallet)
        referrer = stage.wallets[row.referrer].address if row.referrer is not None else _NOBODY
        asked = number, row.payment, row.micros, 1, _DEADLINE, "0x" + referrer.hex()
        if place % 3 == 0:
            nonce = _permit_nonce(stage, nonces, row)
            permit = _permit(signer, sale, nonce, separators[row.payment])
            calls.append(stage.call(signer.address, "SaleManager", "buyWithPermit", asked, voucher, signature, permit))
        else:
            before.append(stage.token_call(signer.address, symbols[row.payment], "approve", sale, _ALLOWANCE))
            calls.append(stage.call(signer.address, "SaleManager", "buy", asked, voucher, signature))
    stage.node.send(before)
    return sum(not receipt.succeeded for receipt in stage.node.send(calls, may_fail=number == 0))


def refund_all(stage: Stage, number: int, purchases: list[Purchase]) -> None:
    """Everybody who bought in a failed round takes the payment back."""
    wallets = sorted({row.wallet for row in purchases})
    stage.node.send([stage.call(stage.wallets[one].address, "SaleManager", "refund", number) for one in wallets])


def claim_referrals(stage: Stage, number: int) -> None:
    """Everybody who is owed something for referring takes it, but every tenth, who forgets."""
    rows = [(wallet, number, payment) for wallet in stage.addresses for payment in range(len(stage.plan.payments))]
    owed = {row[0] for row, micros in zip(rows, stage.views("SaleManager", "referralOf", rows), strict=True) if micros}
    claimants = [wallet for place, wallet in enumerate(sorted(owed)) if place % 10]
    stage.node.send([stage.call(wallet, "SaleManager", "claimReferral", number) for wallet in claimants])


def _permit_nonce(stage: Stage, nonces: dict[tuple[int, int], int], row: Purchase) -> int:
    key = row.wallet, row.payment
    if key not in nonces:
        token = stage.tokens[stage.plan.payments[row.payment]]
        nonces[key] = stage.view.read("TestToken", "nonces", stage.wallets[row.wallet].address, address=token)
    nonces[key] += 1
    return nonces[key] - 1


def _permit(signer: LocalSigner, spender: bytes, nonce: int, separator: bytes) -> tuple[int, int, int, bytes, bytes]:
    words = [signer.address, spender, *(number.to_bytes(32, "big") for number in (_ALLOWANCE, nonce, _DEADLINE))]
    struct = keccak(keccak(_PERMIT_TYPE) + b"".join(word.rjust(32, b"\0") for word in words))
    signature = signer.sign_digest(keccak(b"\x19\x01" + separator + struct))
    return _ALLOWANCE, _DEADLINE, signature[64], signature[:32], signature[32:64]


def _keyfile(key: str, passphrase: str) -> dict[str, Any]:
    keyfile: dict[str, Any] = Account.encrypt(bytes.fromhex(key[2:]), passphrase, kdf="scrypt", iterations=2**13)
    return keyfile
