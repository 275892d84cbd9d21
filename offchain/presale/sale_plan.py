"""The reviewed plan of a sale: a YAML file of its rounds, their vesting, the payment tokens and who gets the proceeds.

Dollars and tokens are written as decimal numbers and become integers exactly, or are refused: money in micros
(millionths of a dollar), tokens in base units. Times are ISO 8601 in UTC.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import yaml  # type: ignore[import-untyped] # It has no types, and msgspec reads all but positions.
from eth_utils.address import is_checksum_address

from offchain.core.errors import ConfigurationError

MICRO_DECIMALS: Final = 6
MICROS: Final = 10**MICRO_DECIMALS
TOKEN_UNITS: Final = 10**18
BPS: Final = 10_000
PAYMENTS_MAX: Final = 4
ROUNDS_MAX: Final = 16
SHARES_MAX: Final = 8
REFERRAL_BPS_MAX: Final = 2_000
ROUND_MICROS_MAX: Final = 2**48 - 1
WALLET_MICROS_MAX: Final = 2**44 - 1
"""What the contract's words hold of a round's payments, and of a wallet's in the whole sale."""
_PATH_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")


class _Loader(yaml.SafeLoader):  # type: ignore[misc] # PyYAML has no types, so its class is Any.
    """Leaves a number with a point the text that it is: as a float it would lose digits before anybody checks it."""


_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_scalar)

Steps = tuple[str | int, ...]
"""The way to a field: names and numbers from the whole plan on."""


class VestingTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When an allocation vests: `start_bps` of it at `start`, nothing more until `cliff`, all of it at `end`."""

    start: datetime
    cliff: datetime
    end: datetime
    start_bps: int

    def schedule(self, *, revocable: bool) -> tuple[int, int, int, int, bool]:
        """The row that the contract takes."""
        return _seconds(self.start), _seconds(self.cliff), _seconds(self.end), self.start_bps, revocable


class PlannedRound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A round. Its vesting pool has the round's number."""

    name: str
    price_usd: Decimal
    start: datetime
    end: datetime
    token_cap: int
    soft_cap_usd: Decimal
    min_purchase_usd: Decimal
    wallet_cap_usd: Decimal
    referral_bps: int
    unsold: Literal["burn", "treasury"]
    needs_voucher: bool
    vesting: VestingTerms

    @property
    def price_micros(self) -> int:
        """Micros for one token."""
        return int(self.price_usd * MICROS)

    @property
    def worth_usd(self) -> Decimal:
        """What all its tokens cost."""
        return self.token_cap * self.price_usd

    def row(self) -> tuple[int, int, int, int, int, int, int, int, int, bool]:
        """The row that the contract takes."""
        return (
            self.price_micros,
            _seconds(self.start),
            _seconds(self.end),
            self.token_cap * TOKEN_UNITS,
            int(self.soft_cap_usd * MICROS),
            int(self.min_purchase_usd * MICROS),
            int(self.wallet_cap_usd * MICROS),
            self.referral_bps,
            ("burn", "treasury").index(self.unsold),
            self.needs_voucher,
        )


class PlannedPool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A vesting pool beside those of the rounds, such as the team's. It holds what its list of holders adds up to."""

    name: str
    revocable: bool
    vesting: VestingTerms


class ProceedsShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A share of the proceeds."""

    treasury: str
    bps: int


class SalePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of a sale. `payments` are symbols of listed assets; pools follow the rounds in number."""

    wallet_cap_usd: Decimal
    voucher_signer: str
    payments: list[str]
    proceeds: list[ProceedsShare]
    rounds: list[PlannedRound]
    pools: list[PlannedPool] = []

    @property
    def wallet_cap_micros(self) -> int:
        """What one wallet pays at most in all rounds."""
        return int(self.wallet_cap_usd * MICROS)

    @property
    def tokens_for_sale(self) -> int:
        """Base units of QTRA that the sale takes when it is configured."""
        return sum(planned.token_cap for planned in self.rounds) * TOKEN_UNITS

    def pool_names(self) -> list[str]:
        """The names of all vesting pools by number."""
        return [*(row.name for row in self.rounds), *(row.name for row in self.pools)]

    def schedule(self, pool: int) -> tuple[int, int, int, int, bool]:
        """The schedule of a pool, as the contract takes it."""
        if pool < len(self.rounds):
            return self.rounds[pool].vesting.schedule(revocable=False)
        planned = self.pools[pool - len(self.rounds)]
        return planned.vesting.schedule(revocable=planned.revocable)


def load_sale_plan(path: Path) -> SalePlan:
    """The plan in a file.

    Raises:
        ConfigurationError: it cannot be read or is wrong; the message has each mistake with its line, its field and
            what to do.
    """
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=_Loader)
        values = yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader is a SafeLoader: it makes plain values only
        plan = msgspec.convert(values, SalePlan, builtin_types=(datetime, date))
    except msgspec.ValidationError as error:
        said, _, where = str(error).partition(" - at ")
        steps = tuple(name or int(index) for name, index in _PATH_STEP.findall(where))
        raise ConfigurationError(f"{_place(path, root, steps)}: {said}.", "Correct it.") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        # ValueError: bytes that are no text, and days that no month has.
        raise ConfigurationError(f"{path} cannot be read as YAML: {error}.", "Correct it.") from error
    faults = [*_repeated_keys(root, ()), *_field_faults(plan)] or list(_faults(plan))
    if faults:
        told = "; ".join(f"{_place(path, root, where)}: {fault}" for where, fault in faults)
        raise ConfigurationError(f"{told}.", "Correct the plan of the sale.")
    return plan


def _place(path: Path, root: Any, steps: Steps) -> str:
    """Where a field stands: file, line and its name; a field that is not there stands in the line of what lacks it."""
    node, line = root, 1
    for step in steps:
        if isinstance(step, int) and isinstance(node, yaml.SequenceNode):
            key = node = node.value[step]
        elif isinstance(node, yaml.MappingNode) and (found := [row for row in node.value if row[0].value == step]):
            key, node = found[0]
        else:
            break
        line = key.start_mark.line + 1
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return f"{path.name} line {line}, {name.removeprefix('.') or 'the whole'}"


_Fault = tuple[Steps, str]


def _repeated_keys(node: Any, where: Steps) -> Iterator[_Fault]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield (*where, key.value), f"line {key.start_mark.line + 1} says it again; say it once"
            seen.add(key.value)
            yield from _repeated_keys(value, (*where, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _repeated_keys(value, (*where, number))


def _field_faults(plan: SalePlan) -> Iterator[_Fault]:
    """What is wrong with a field by itself."""
    yield from _money_faults(("wallet_cap_usd",), plan.wallet_cap_usd, least=1)
    yield from _address_faults(("voucher_signer",), plan.voucher_signer)
    for number, share in enumerate(plan.proceeds):
        yield from _address_faults(("proceeds", number, "treasury"), share.treasury)
        yield from _bps_faults(("proceeds", number, "bps"), share.bps, least=1)
    for number, planned in enumerate(plan.rounds):
        where: Steps = ("rounds", number)
        for field, least in (("price_usd", 1), ("soft_cap_usd", 0), ("min_purchase_usd", 1), ("wallet_cap_usd", 1)):
            yield from _money_faults((*where, field), getattr(planned, field), least=least)
        for field in ("start", "end"):
            yield from _time_faults((*where, field), getattr(planned, field))
        yield from _bps_faults((*where, "referral_bps"), planned.referral_bps, least=0, most=REFERRAL_BPS_MAX)
        if planned.token_cap <= 0:
            yield (*where, "token_cap"), f"{planned.token_cap} tokens cannot be sold; write how many there are"
    for row, where in _vestings(plan):
        for field in ("start", "cliff", "end"):
            yield from _time_faults((*where, field), getattr(row.vesting, field))
        yield from _bps_faults((*where, "start_bps"), row.vesting.start_bps, least=0)


def _faults(plan: SalePlan) -> Iterator[_Fault]:
    """What fields that are right by themselves contradict."""
    if not 1 <= len(plan.payments) <= PAYMENTS_MAX or len(set(plan.payments)) < len(plan.payments):
        yield ("payments",), f"name 1 to {PAYMENTS_MAX} different payment tokens"
    total = sum(share.bps for share in plan.proceeds)
    if total != BPS:
        yield ("proceeds",), f"the shares add up to {total}, not {BPS}; make them do"
    if len({share.treasury for share in plan.proceeds}) < len(plan.proceeds):
        yield ("proceeds",), "a treasury has two shares; write their sum once"
    if plan.wallet_cap_usd * MICROS > WALLET_MICROS_MAX:
        yield ("wallet_cap_usd",), f"{plan.wallet_cap_usd} is more than the contract counts; lower it"
    if not 1 <= len(plan.proceeds) <= SHARES_MAX:
        yield ("proceeds",), f"name 1 to {SHARES_MAX} treasuries"
    if not 1 <= len(plan.rounds) <= ROUNDS_MAX:
        yield ("rounds",), f"a sale has 1 to {ROUNDS_MAX} rounds; it has {len(plan.rounds)}"
    for number, planned in enumerate(plan.rounds):
        yield from _round_faults(("rounds", number), planned, plan.wallet_cap_usd)
    for number, (before, after) in enumerate(pairwise(plan.rounds), 1):
        yield from _order_faults(("rounds", number), before, after)
    names = plan.pool_names()
    for number, (row, where) in enumerate(_vestings(plan)):
        if not row.vesting.start <= row.vesting.cliff <= row.vesting.end:
            yield (*where, "cliff"), "it lies not between start and end; put the three in order"
        if not row.name or row.name in names[:number]:
            yield (*where[:-1], "name"), f"{row.name!r} is no name, or names another too; give each its own"


def _vestings(plan: SalePlan) -> Iterator[tuple[PlannedRound | PlannedPool, Steps]]:
    rows: tuple[tuple[str, Sequence[PlannedRound | PlannedPool]], ...] = (
        ("rounds", plan.rounds),
        ("pools", plan.pools),
    )
    for field, listed in rows:
        for number, row in enumerate(listed):
            yield row, (field, number, "vesting")


def _order_faults(where: Steps, before: PlannedRound, after: PlannedRound) -> Iterator[_Fault]:
    if after.start < before.end:
        yield (
            (*where, "start"),
            f"{after.name} begins before {before.name} ends at {_iso(before.end)}; begin then or later",
        )
    if after.price_usd < before.price_usd:
        yield (
            (*where, "price_usd"),
            f"{after.name} is cheaper than {before.name}, {before.price_usd}; a price may not fall",
        )


def _round_faults(where: Steps, planned: PlannedRound, sale_cap_usd: Decimal) -> Iterator[_Fault]:
    worth_usd = planned.worth_usd
    if worth_usd * MICROS > ROUND_MICROS_MAX:
        yield (*where, "token_cap"), f"its tokens cost {worth_usd}, more than the contract counts; offer fewer"
    if planned.end <= planned.start:
        yield (*where, "end"), f"it ends at {_iso(planned.end)}, not after its start; end it later"
    nesting = (
        ("soft_cap_usd", planned.soft_cap_usd, worth_usd, "what all its tokens cost"),
        ("wallet_cap_usd", planned.wallet_cap_usd, worth_usd, "what all its tokens cost"),
        ("wallet_cap_usd", planned.wallet_cap_usd, sale_cap_usd, "the cap of a wallet in the whole sale"),
        ("min_purchase_usd", planned.min_purchase_usd, planned.wallet_cap_usd, "the cap of a wallet"),
    )
    for field, inner, outer, meaning in nesting:
        if inner > outer:
            yield (*where, field), f"{inner} is above {meaning}, {outer}; lower it"
    if planned.vesting.start < planned.end:
        yield (
            (*where, "vesting", "start"),
            f"it vests before the round ends at {_iso(planned.end)}; begin then or later",
        )


def _bps_faults(where: Steps, bps: int, *, least: int, most: int = BPS) -> Iterator[_Fault]:
    if not least <= bps <= most:
        yield where, f"{bps} is no share in basis points; write {least} to {most}"


def _money_faults(where: Steps, amount: Decimal, *, least: int) -> Iterator[_Fault]:
    if amount.is_finite() and amount.adjusted() >= len(str(ROUND_MICROS_MAX)):
        yield where, f"{amount} is more than the contract counts; lower it"
    # Not by Decimal, which rounds to 28 digits and says nothing.
    elif not amount.is_finite() or (Fraction(amount) * MICROS).denominator != 1:
        yield where, f"{amount} is no whole number of millionths of a dollar; write at most six decimals"
    elif amount * MICROS < least:
        yield where, f"{amount} is too little; write {'0 or more' if least == 0 else 'more than 0'}"


def _time_faults(where: Steps, moment: datetime) -> Iterator[_Fault]:
    if moment.utcoffset() != timedelta(0):
        yield where, f"{moment.isoformat()} is not in UTC; write it like 2027-01-31T12:00:00Z"
    elif moment.microsecond:
        yield where, f"{moment.isoformat()} is no whole second; leave the fraction out"


def _address_faults(where: Steps, address: str) -> Iterator[_Fault]:
    if not is_checksum_address(address) or int(address, 16) == 0:
        yield where, f"{address} is no address with a right checksum; copy it again"


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
