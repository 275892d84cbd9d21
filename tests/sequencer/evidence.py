"""Evidence: what callers were told, held against what the journal has.

The `Witness` follows a journal with a machine of its own, which began with the first command and never looks at a
snapshot. So at any time it can say what of the acknowledged is lost, what is there twice, whether a recovered machine
is the replayed one, and whether the funds that came in less those that went out are those that accounts have.
"""

from array import array
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import msgspec

from offchain.core.commands import (
    AccountOpening,
    Attachment,
    AuthorizationKind,
    BatchSettledFact,
    Command,
    CommandKind,
    DepositFact,
    ExitFact,
    FloorFact,
    LadderAuthorization,
    LadderOrder,
    OperatorMark,
    OrderAuthorization,
    SessionFact,
    SessionRevokedFact,
    WithdrawalAuthorization,
    WithdrawnFact,
    encode_attachment,
)
from offchain.core.events import LoggedCommand
from offchain.core.intents import (
    AmendOrder,
    CancelAllOrders,
    CancelOrder,
    Intent,
    ListAsset,
    ListMarket,
    Operate,
    PlaceOrder,
    Receipt,
    RecordChainFact,
    ReplaceOrder,
    RequestWithdrawal,
    RevertWithdrawal,
    SetAccountLimits,
    SetCircuitBreaker,
    SetFees,
    SetKillSwitch,
    SetMarketRisk,
    SetMarketStatus,
    SetPositionCap,
)
from offchain.sequencer.machine import Machine
from offchain.sequencer.replay import new_machine
from offchain.sequencer.snapshot import state_hash
from tests.sequencer.journals import iterate_commands

Identity = tuple[object, ...]
_OF_AN_ORDER = {CommandKind.CANCEL, CommandKind.REVERT_WITHDRAWAL, CommandKind.UNWIND_FILL}
_IN = {CommandKind.CHAIN_DEPOSIT, CommandKind.REVERT_WITHDRAWAL}
_OPERATIONS = {
    ListAsset: CommandKind.LIST_ASSET,
    ListMarket: CommandKind.SET_MARKET_LIMITS,
    SetMarketStatus: CommandKind.SET_MARKET_STATUS,
    SetMarketRisk: CommandKind.SET_MARKET_RISK,
    SetCircuitBreaker: CommandKind.SET_CIRCUIT_BREAKER,
    SetKillSwitch: CommandKind.SET_KILL_SWITCH,
    SetAccountLimits: CommandKind.SET_ACCOUNT_LIMITS,
    SetPositionCap: CommandKind.SET_POSITION_CAP,
}
_OUT = {CommandKind.WITHDRAW, CommandKind.CHAIN_EXITED}


@dataclass
class Findings:
    """What is wrong, a sentence each. All empty: nothing is."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    ledger: list[str] = field(default_factory=list)
    diverged: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        """Everything that is wrong."""
        return self.lost + self.duplicated + self.ledger + self.diverged


class Witness:
    """Follows one journal from its first command. What is new stays in memory for a while, of all else a print does."""

    def __init__(self, folder: Path) -> None:
        self.machine: Machine = new_machine()
        self.findings = Findings()
        self.recent: dict[int, LoggedCommand] = {}
        """By sequence."""
        self._fresh: dict[int, LoggedCommand] = {}
        self._folder = folder
        self._prints = array("Q")
        self._places: dict[Identity, int] = {}
        self._net: Counter[int] = Counter()
        self._ladders: dict[int, LadderAuthorization] = {}

    def follow(self) -> None:
        """Take in what the journal has beyond what was seen; what was new the time before last is forgotten."""
        self.recent, fresh = self._fresh, {}
        for command, attachment in iterate_commands(self._folder, self.machine.sequence):
            fresh[command.sequence] = self.machine.apply(command, attachment)
            self._prints.append(_print(command, attachment))
            self._note(command, attachment)
        self.recent, self._fresh = self.recent | fresh, fresh
        self._check_ledger()

    def check(self, intent: Intent, receipt: Receipt) -> None:
        """See whether what was acknowledged is in the journal, as it was asked for."""
        if receipt.repeated and self._is_known(intent, receipt.sequence):
            return
        place, logged = self.place_of(intent), self.recent.get(receipt.sequence)
        if logged is None or place not in (None, receipt.sequence) or not _agrees(intent, logged):
            self.findings.lost.append(f"{intent}, told as {receipt.sequence}: on record is {logged}, at {place}")
            return
        for event in receipt.events:
            kept = self.recent.get(event.command_sequence)
            if kept is None or event not in kept.events:
                self.findings.lost.append(f"{event} was told and is not of the journal")

    def compare(self, recovered: Machine, *, whole: bool) -> None:
        """See whether a machine that came from a snapshot is the one that was replayed from the first command."""
        if recovered.sequence != self.machine.sequence:
            self.findings.diverged.append(f"recovered {recovered.sequence} of {self.machine.sequence} commands")
        elif recovered.engine.state_hash() != self.machine.engine.state_hash():
            self.findings.diverged.append(f"the engine at {recovered.sequence} differs from its replay")
        elif whole and state_hash(recovered) != state_hash(self.machine):
            self.findings.diverged.append(f"the registry at {recovered.sequence} differs from its replay")

    def read_again(self) -> None:
        """Read the journal from its first byte and see whether anything that was seen has changed or gone."""
        sequence = 0
        for command, attachment in iterate_commands(self._folder):
            sequence += 1
            if sequence > len(self._prints) or self._prints[sequence - 1] != _print(command, attachment):
                self.findings.lost.append(f"{command} stands where another command was, or none")
        if sequence < len(self._prints):
            self.findings.lost.append(f"the journal ends at {sequence}; it had {len(self._prints)} commands")

    def _is_known(self, intent: Intent, sequence: int) -> bool:
        """Whether what was taken before has the place that it was said to have; its content was checked back then."""
        match intent:
            case RecordChainFact():  # It is answered with the newest fact, which need not be the one that is meant.
                return self.place_of(intent) is not None
            case AmendOrder():  # What is in force already is answered with the order itself.
                return self._places.get(("order", intent.owner, intent.client_order_id)) == sequence
        return sequence not in self.recent and self.place_of(intent) == sequence

    def _note(self, command: Command, attachment: Attachment) -> None:
        identity = _identity(command, attachment)
        if identity is not None:
            if identity in self._places:
                self.findings.duplicated.append(f"{identity} is command {self._places[identity]} and {command}")
            self._places[identity] = command.sequence
        if isinstance(attachment, LadderAuthorization):
            self._ladders[command.sequence] = attachment
        elif isinstance(attachment, OrderAuthorization) and attachment.ladder:
            self._check_ladder(command, attachment)
        if command.kind in _IN:
            self._net[command.asset] += command.amount
        elif command.kind in _OUT:
            self._net[command.asset] -= command.amount

    def _check_ladder(self, command: Command, signed: OrderAuthorization) -> None:
        """See whether the ladder that an order names is there, and has it in its place."""
        ladder = self._ladders.get(signed.ladder)
        order = LadderOrder(
            command.side, command.price, command.quantity, signed.expiry_s,
            signed.seq, signed.lane, signed.max_fee_bps, signed.flags,
        )  # fmt: skip
        if ladder is None or ladder.orders[signed.place - 1] != order:
            self.findings.lost.append(f"{command} is not in the ladder that it names: {ladder}")

    def _check_ledger(self) -> None:
        held: Counter[int] = Counter()
        for _, asset, available, reserved, *_ in self.machine.engine.balances():
            held[asset] += available + reserved
        for asset in held.keys() | self._net.keys():
            if held[asset] != self._net[asset]:
                self.findings.ledger.append(
                    f"asset {asset} at {self.machine.sequence}: accounts hold {held[asset]}, {self._net[asset]} came in"
                )

    def place_of(self, intent: Intent) -> int | None:
        """Where the journal has what was asked for; -1 if nowhere, None if it cannot be known by the intent alone."""
        match intent:
            case PlaceOrder(authorization=signed) | ReplaceOrder(order=PlaceOrder(authorization=signed)):
                return self._places.get(("order", signed.owner, signed.client_order_id))
            case RequestWithdrawal(authorization=signed):
                return self._places.get(("withdrawal", signed.owner, signed.nonce))
            case RecordChainFact(fact=fact):
                return self._places.get(("fact", fact.position.block_number, fact.position.log_index))
            case RevertWithdrawal():
                return self._places.get((CommandKind.REVERT_WITHDRAWAL, intent.withdraw_sequence))
            case CancelOrder() | AmendOrder():
                placed = self._places.get(("order", intent.owner, intent.client_order_id))
                more = (intent.quantity_lots,) if isinstance(intent, AmendOrder) else ()
                kind = CommandKind.AMEND if more else CommandKind.CANCEL
                return self._places.get((kind, placed, *more), -1)
            case ListAsset() | ListMarket():
                is_market = isinstance(intent, ListMarket)
                mark = self.machine.registry.listed.get((is_market, intent.market if is_market else intent.asset))
                return mark.sequence if mark else -1
        return None


def _identity(command: Command, attachment: Attachment) -> Identity | None:
    """By what a command can be known as the same one: no two of a journal may share it."""
    match attachment:
        case OrderAuthorization():
            return ("order", attachment.owner, attachment.client_order_id)
        case WithdrawalAuthorization():
            return ("withdrawal", attachment.owner, attachment.nonce)
        case AccountOpening():
            return ("account", attachment.owner)
        case (
            DepositFact() | WithdrawnFact() | BatchSettledFact() | ExitFact() | FloorFact()
            | SessionFact() | SessionRevokedFact()
        ):  # fmt: skip
            return ("fact", attachment.position.block_number, attachment.position.log_index)
    if command.kind in _OF_AN_ORDER:
        return (CommandKind(command.kind), command.order_id)
    # The remainder of an order only shrinks, so the same amendment cannot happen twice.
    return (CommandKind.AMEND, command.order_id, command.quantity) if command.kind == CommandKind.AMEND else None


def _agrees(intent: Intent, logged: LoggedCommand) -> bool:
    """Whether the command says what the intent asked for."""
    command, attachment, _ = logged
    match intent:
        case PlaceOrder():
            return command.kind == CommandKind.PLACE and _is_placed(intent, command, attachment)
        case ReplaceOrder():
            return command.kind == CommandKind.REPLACE and _is_placed(intent.order, command, attachment)
        case CancelOrder():
            return command.kind == CommandKind.CANCEL
        case AmendOrder():
            return (command.kind, command.quantity) == (CommandKind.AMEND, intent.quantity_lots)
        case CancelAllOrders():
            return command.kind == CommandKind.CANCEL_ALL
        case RequestWithdrawal():
            asked = (CommandKind.WITHDRAW, intent.asset, intent.amount_units, intent.authorization)
            return asked == (command.kind, command.asset, command.amount, attachment)
        case RevertWithdrawal():
            return (command.kind, command.order_id) == (CommandKind.REVERT_WITHDRAWAL, intent.withdraw_sequence)
        case RecordChainFact():
            asked = (intent.kind, intent.asset, intent.amount_units, intent.fact)
            return asked == (command.kind, command.asset, command.amount, attachment)
        case SetFees():
            rates = (command.maker_fee_ppm, command.taker_fee_ppm)
            return (CommandKind.SET_FEES, intent.maker_fee_ppm, intent.taker_fee_ppm) == (command.kind, *rates)
        case Operate():
            return attachment == OperatorMark(intent.operator) and _agrees(intent.setting, logged)
    return command.kind == _OPERATIONS[type(intent)]


def _is_placed(intent: PlaceOrder, command: Command, attachment: Attachment) -> bool:
    """Whether an order is on record as it was signed, with its session and its ladder found."""
    asked = (intent.market, intent.side, intent.price_ticks, intent.quantity_lots)
    placed = (command.market, command.side, command.price, command.quantity)
    if asked != placed or not isinstance(attachment, OrderAuthorization):
        return False
    found = (attachment.session > 0, attachment.kind == AuthorizationKind.SESSION_KEY, attachment.ladder > 0)
    by_key = bool(intent.session_key)
    signed = msgspec.structs.replace(
        intent.authorization, kind=attachment.kind, session=attachment.session, ladder=attachment.ladder
    )
    return found == (by_key, by_key, intent.ladder is not None) and signed == attachment


def _print(command: Command, attachment: Attachment) -> int:
    return int.from_bytes(blake2b(command.pack() + encode_attachment(attachment), digest_size=8).digest(), "little")
