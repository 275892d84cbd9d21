"""Settlement at work on a test's chain: real orders, the real contract, and the test in the sequencer's place."""

from functools import partial

from offchain.chain.bindings import load_contract
from offchain.chain.keys import LocalSigner
from offchain.chain.settlement_view import SettlementView
from offchain.chain.typed_data import Ladder, Order, Withdrawal, domain_separator
from offchain.core.commands import (
    CommandKind,
    LadderAuthorization,
    LadderOrder,
    OrderAuthorization,
    WithdrawalAuthorization,
)
from offchain.core.intents import Receipt, RevertWithdrawal, UnwindFill
from offchain.settlement.batcher import BatchLimits
from offchain.settlement.chain_state import ChainReader
from offchain.settlement.contract import SettlementContract
from offchain.settlement.courier import Courier
from offchain.settlement.prover import Prover
from offchain.settlement.renewals import RenewalStore
from offchain.settlement.service import SettlementService
from offchain.settlement.signer import KeyfileEngineKey
from offchain.settlement.statement_desk import StatementDesk
from offchain.settlement.store import BatchStore
from offchain.settlement.submitter import BatchSubmitter
from offchain.settlement.withdrawal_store import WithdrawalStore
from offchain.settlement.withdrawals import WithdrawalDesk
from tests.settlement.written_log import BASE, MARKET, QUOTE, WrittenLog
from tests.support.chain import TestExchange

ENGINE_KEY = KeyfileEngineKey(LocalSigner(bytes([7]) * 32))
SUBMITTER_KEY = LocalSigner(bytes([8]) * 32)
FUNDS = 10**12
FAR_S = 4_000_000_000


class SignedLog(WrittenLog):
    """Orders and withdrawals of account n are signed by the wallet of account n."""

    def __init__(self, exchange: TestExchange) -> None:
        super().__init__(quote_units_per_tick_lot=1)
        self.domain = domain_separator(exchange.manifest.chain_id, exchange.settlement)
        self.expiry_s = FAR_S
        self.seqs: dict[int, int] = {}
        """The seq of the order of a command, where it is another number than the command's."""
        self.ladders: dict[int, LadderAuthorization] = {}
        self.place_in: dict[int, tuple[int, int]] = {}

    def authorization(self, sequence, market, account, side, price, quantity, max_fee_bps, flags) -> OrderAuthorization:
        if sequence in self.place_in:
            return self._of_ladder(sequence, *self.place_in[sequence])
        seq = self.seqs.get(sequence, sequence)
        order = Order(market, side, price, quantity, self.expiry_s, seq, sequence % 65_535, max_fee_bps, flags)
        digest = order.digest(self.domain)
        return OrderAuthorization(
            f"order-{sequence}",
            wallet(account).address,
            order.expiry,
            order.seq,
            order.lane,
            max_fee_bps,
            flags,
            wallet(account).sign_digest(digest),
            digest,
        )

    def owner(self, account: int) -> bytes:
        return wallet(account).address

    def sign_ladder(self, account, rows) -> int:
        """One signature over (side, price, quantity) rows; the orders of `place_of_ladder` name the command."""
        sequence = self.sequence + 1
        orders = tuple(
            LadderOrder(side, price, quantity, self.expiry_s, sequence, 1_000 + place, 50, 0)
            for place, (side, price, quantity) in enumerate(rows)
        )
        signed = Ladder(
            0, tuple(Order(MARKET, o.side, o.price, o.quantity, o.expiry_s, o.seq, o.lane, 50, 0) for o in orders)
        )
        signature = wallet(account).sign_digest(signed.digest(self.domain))
        ladder = LadderAuthorization(wallet(account).address, MARKET, 0, orders, signature)
        self.ladders[sequence] = ladder
        return self.add(CommandKind.SIGN_LADDER, [], ladder, account=account, market=MARKET)

    def place_of_ladder(self, account, ladder, place, takes=()) -> int:
        """Places the order at a place, from 1 on, of a ladder."""
        self.place_in[self.sequence + 1] = (ladder, place)
        order = self.ladders[ladder].orders[place - 1]
        return self.place(account, order.side, order.price, order.quantity, takes)

    def _of_ladder(self, sequence, ladder, place) -> OrderAuthorization:
        signed = self.ladders[ladder]
        order = signed.orders[place - 1]
        return OrderAuthorization(
            f"order-{sequence}",
            signed.owner,
            order.expiry_s,
            order.seq,
            order.lane,
            order.max_fee_bps,
            order.flags,
            b"",
            bytes(32),
            ladder=ladder,
            place=place,
        )

    def withdrawal_authorization(self, account, amount, nonce, deadline_s) -> WithdrawalAuthorization:
        signature = wallet(account).sign_digest(Withdrawal(QUOTE, amount, nonce, deadline_s).digest(self.domain))
        return WithdrawalAuthorization(wallet(account).address, nonce, deadline_s, signature)


def reader_of(exchange: TestExchange) -> ChainReader:
    return ChainReader(exchange.nodes, load_contract("Settlement"), exchange.settlement, exchange.manifest.chain_id)


def wallet(account: int) -> LocalSigner:
    return LocalSigner(account.to_bytes(32, "big"))


def submitter_of(contract, store, courier, statements, *, renew, wait_us=0) -> BatchSubmitter:
    """One that asks those who listen at the desk, and signs with the engine's key of the tests."""
    view = SettlementView(contract.nodes, load_contract("Settlement"), contract.address)
    prover = Prover(store, RenewalStore(store.sessions), statements, view, renew=renew, wait_us=wait_us)
    return BatchSubmitter(contract, store, courier, ENGINE_KEY, prover=prover, view=view)


class Settling:
    """One exchange, its log, and a settlement service that can be killed and started again."""

    def __init__(self, exchange: TestExchange, database, *, max_fills: int = 50, max_age_us: int = 0) -> None:
        self.exchange = exchange
        self.database = database
        self.log = SignedLog(exchange)
        self.limits = BatchLimits(max_fills=max_fills, max_age_us=max_age_us)
        self.intents: list[UnwindFill | RevertWithdrawal] = []
        self.indexed_block = exchange.manifest.first_block
        self.now_us = self.log.now_us
        self.patience_us = 10_000_000
        self.net_wait_us = 0
        self.revive()

    def revive(self) -> None:
        """A new service, as after a crash: only the database, the chain and the log remain."""
        self.store = BatchStore(self.database)
        self.withdrawals = WithdrawalStore(self.store.sessions)
        contract = SettlementContract(
            self.exchange.nodes,
            load_contract("Settlement"),
            self.exchange.settlement,
            self.exchange.manifest.chain_id,
        )
        self.courier = Courier(contract, SUBMITTER_KEY, self.store, self.clock, self.patience_us)
        self.statements = StatementDesk(contract.domain_separator, self.clock, unanswered_max=3)
        self.submitter = submitter_of(
            contract, self.store, self.courier, self.statements, renew=self.renew, wait_us=self.net_wait_us
        )
        self.desk = WithdrawalDesk(
            contract,
            self.withdrawals,
            self.courier,
            ENGINE_KEY,
            submit=self.submit,
            clock=self.clock,
            confirmations=0,
        )
        self.service = SettlementService(
            self.store,
            self.submitter,
            self.desk,
            submit=self.submit,
            settled_on_chain=partial(reader_of(self.exchange).settled_batches, self.exchange.manifest.first_block),
            limits=self.limits,
            clock=self.clock,
            poll_interval_s=0.02,
        )

    async def kill_and_revive(self) -> None:
        """A crash, and a start that reads the database."""
        self.revive()
        await self.service._restore()
        await self.service._part("start", self.service._take_back)

    def clock(self) -> int:
        return max(self.now_us, self.log.now_us)

    async def submit(self, intent) -> None:
        self.intents.append(intent)

    async def renew(self, intent) -> Receipt:
        """Takes an answer into the log, as the sequencer does, and has it read."""
        sequence = self.log.answered(intent.answer)
        await self.feed()
        return Receipt(sequence, self.log.now_us)

    async def fund(self, *accounts: int) -> None:
        for account in accounts:
            for asset in (BASE, QUOTE):
                await self.exchange.deposit(wallet(account).address, asset, FUNDS)

    async def feed(self) -> None:
        """Gives the service what it has not read of the log."""
        if self.service._task is None:
            await self.service._part("start", self.service._take_back)
        await self.service.consume(self.log.entries[self.service.sequence :])

    async def turn(self, times: int = 1) -> None:
        """One look of the service at everything, without its loop."""
        for _ in range(times):
            await self.service._turn()
            await self.exchange.mined()

    async def index(self) -> None:
        """Puts what the chain holds since the last time into the log, and gives it to the service."""
        head = await self.exchange.nodes.block_number()
        if head == self.indexed_block:
            await self.feed()
            return
        logs = await self.exchange.nodes.call(
            "eth_getLogs",
            {
                "address": "0x" + self.exchange.settlement.hex(),
                "fromBlock": hex(self.indexed_block + 1),
                "toBlock": hex(head),
            },
        )
        self.indexed_block = head
        skipped, groups = [], []
        for entry in logs:
            topics = [bytes.fromhex(topic[2:]) for topic in entry["topics"]]
            log = self.exchange.contract.decode_log(topics, bytes.fromhex(entry["data"][2:]))
            if log.event == "FillSkipped":
                skipped.append((log["fill"], log["reason"]))
            elif log.event == "NetGroupSkipped":
                groups.append((log["group"], log["reason"], log["item"]))
            elif log.event == "BatchSettled":
                self.log.settled(log["number"], log["batchHash"], log["throughSequence"], skipped, groups)
                skipped, groups = [], []
            elif log.event == "Withdrawn":
                account = next(n for n in range(1, 100) if wallet(n).address == log["owner"])
                self.log.paid(account, log["nonce"])
        await self.feed()

    async def settle_all(self) -> None:
        """Feeds, sends and indexes until nothing is pending."""
        await self.feed()
        for _ in range(100):
            await self.turn()
            await self.index()
            if self.service.pending_fills == 0:
                await self.turn()
                return
        raise AssertionError(self.service.status())

    async def balance(self, account: int, asset: int) -> int:
        return await self.exchange.read("balanceOf", wallet(account).address, asset)

    def expected_balances(self, accounts, skipped=()) -> dict[tuple[int, int], int]:
        """What the log's fills and withdrawals make of the accounts' first funds."""
        balances = {(account, asset): FUNDS for account in accounts for asset in (BASE, QUOTE)}
        for fill in self.log.fills():
            if fill.sequence in skipped:
                continue
            notional = fill.price * fill.quantity
            sides = ((fill.account, fill.side, fill.fee), (fill.counter_account, 1 - fill.side, fill.counter_fee))
            for account, side, fee in sides:
                sign = 1 if side == 0 else -1
                balances[account, BASE] += sign * fill.quantity
                balances[account, QUOTE] -= sign * notional + fee
        for entry in self.log.entries:
            if entry.command.kind == CommandKind.WITHDRAW:
                balances[entry.command.account, QUOTE] -= entry.command.amount
        return balances

    async def assert_balances(self, accounts, skipped=()) -> None:
        expected = self.expected_balances(accounts, skipped)
        assert {key: await self.balance(*key) for key in expected} == expected

    def reverted(self, sequence: int) -> int:
        return self.log.add(CommandKind.REVERT_WITHDRAWAL, order_id=sequence)
