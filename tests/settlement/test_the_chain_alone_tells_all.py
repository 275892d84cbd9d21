"""Whatever owners, the engine and batches do to the contract: its logs and calldata alone lead to its whole storage."""

import pytest
from msgspec.structs import replace

from offchain.chain.bindings import load_contract
from offchain.chain.keys import LocalSigner
from offchain.chain.typed_data import (
    ISOLATED,
    Batch,
    CancelApproval,
    IsolatedCancelApproval,
    IsolatedWithdrawal,
    IsolatedWithdrawalApproval,
    Order,
    SessionRevocationApproval,
)
from offchain.core.commands import AuthorizationKind
from offchain.core.errors import StateDiverged
from offchain.settlement.accounts import UNLIMITED, Account, MarketTerms, Session
from offchain.settlement.batch import (
    Authorization,
    BatchFill,
    BatchOrder,
    IsolatedStatement,
    UnifiedStatement,
)
from offchain.settlement.chain_check import differences
from offchain.settlement.contract import SettlementContract
from offchain.settlement.encoding import encode_payload, payload_hash
from offchain.settlement.netting import Matched, net_deltas, plan_net
from tests.settlement.settling import FAR_S, reader_of
from tests.support.chain import deploy_contract

MARKET, BASE, QUOTE = 1, 1, 2
TERMS = {MARKET: MarketTerms(BASE, QUOTE, 10**6, 1)}
ENGINE_KEY = LocalSigner(bytes([7]) * 32)
SELLER, BUYER, KEY, WALLET_KEY = (LocalSigner(bytes([number]) * 32) for number in range(31, 35))
UNITS = 10**12
BUY, SELL = 0, 1
DAY_S, CANCEL_DELAY_S = 86_400, 600


class Scene:
    """A contract, and everybody who does something to it."""

    def __init__(self, exchange) -> None:
        self.exchange = exchange
        self.contract = SettlementContract(
            exchange.nodes, load_contract("Settlement"), exchange.settlement, exchange.manifest.chain_id
        )
        self.domain = self.contract.domain_separator
        self.seq = 0

    async def by(self, owner, function, *arguments):
        """A call by an owner, whose key is not needed for it."""
        address = getattr(owner, "address", owner)
        sender = "0x" + address.hex()
        await self.exchange.fund(address)
        await self.exchange.nodes.call("anvil_impersonateAccount", sender)
        return await self.exchange.call(function, *arguments, sender=sender)

    async def deposit(self, owner, market=0):
        for asset in (BASE, QUOTE):
            await self.exchange.deposit(owner, asset, UNITS)
            if market:
                listed, token = self.exchange.assets[asset], load_contract("TestToken")
                amount = UNITS * listed.unit_scale
                await self.exchange.transact(listed.token, token.encode_call("mint", self.deployer, amount))
                approval = token.encode_call("approve", self.exchange.settlement, amount)
                await self.exchange.transact(listed.token, approval)
                await self.exchange.call("depositIsolatedFor", owner, market, asset, amount)

    @property
    def deployer(self):
        return bytes.fromhex(self.exchange.deployer[2:])

    async def pass_time(self, seconds):
        await self.exchange.nodes.call("evm_increaseTime", seconds)
        await self.exchange.mine()

    def sign(self, signer, struct):
        return signer.sign_digest(struct.digest(self.domain))

    def order(self, signer, side, lots=100, flags=0, lane=0, owner=b"", kind=AuthorizationKind.OWNER):
        self.seq += 1
        order = Order(MARKET, side, 50, lots, FAR_S, self.seq, lane, 50, flags)
        return BatchOrder(order, Authorization(self.sign(signer, order), kind, owner), 1_000, 2_000)

    async def settle(self, orders, fills, groups=()):
        number, previous_hash = await self.contract.head()
        payload = encode_payload(orders, fills, groups, (BASE, QUOTE))
        batch = Batch(number + 1, payload_hash(payload), previous_hash, bytes(32), 0)
        calldata = self.contract.settle_calldata(batch, payload, self.sign(ENGINE_KEY, batch))
        return await self.exchange.transact(self.exchange.settlement, calldata)

    async def derived(self):
        """What the chain alone leads to, which must be what the contract holds."""
        head = await self.exchange.nodes.block_number()
        state = await reader_of(self.exchange).derive(self.exchange.manifest.first_block, head)
        assert await differences(state.accounts, self.contract, head) == {}
        return state


@pytest.fixture
async def scene(exchange):
    scene = Scene(exchange)
    for owner in (SELLER, BUYER):
        await scene.deposit(owner.address, MARKET)
    return scene


async def test_floors_exits_and_sessions(scene):
    await scene.by(SELLER, "requestCancel", BASE, 70)
    await scene.by(SELLER, "requestCancelIsolated", MARKET, 80)
    await scene.derived()
    await scene.pass_time(CANCEL_DELAY_S)
    assert {*(await scene.derived()).accounts.requested_floors.values()} != set()
    await scene.by(SELLER, "requestCancel", BASE, 90)
    head = await scene.exchange.nodes.call("eth_getBlockByNumber", "latest", False)
    deadline_s = int(head["timestamp"], 16) + DAY_S
    approval = CancelApproval(BUYER.address, BASE, 5, deadline_s)
    await scene.by(BUYER, "cancelNow", BASE, 5, deadline_s, scene.sign(ENGINE_KEY, approval))
    isolated = IsolatedCancelApproval(BUYER.address, MARKET, 6, deadline_s)
    await scene.by(BUYER, "cancelNowIsolated", MARKET, 6, deadline_s, scene.sign(ENGINE_KEY, isolated))
    for key, limit in ((KEY, UNLIMITED), (WALLET_KEY, 10**9)):
        await scene.by(SELLER, "setSessionKey", key.address, MARKET, limit, 7, FAR_S)
    await scene.by(SELLER, "requestSessionRevocation", KEY.address, MARKET)
    ending = SessionRevocationApproval(SELLER.address, WALLET_KEY.address, MARKET, deadline_s)
    signature = scene.sign(ENGINE_KEY, ending)
    await scene.by(SELLER, "revokeSessionNow", WALLET_KEY.address, MARKET, deadline_s, signature)
    await scene.by(SELLER, "requestExit", BASE)
    await scene.by(BUYER, "requestExit", BASE)
    await scene.by(BUYER, "cancelExit", BASE)
    for owner in (SELLER, BUYER):
        await scene.by(owner, "requestExitIsolated", MARKET)
    await scene.by(BUYER, "cancelExitIsolated", MARKET)
    await scene.derived()
    await scene.pass_time(DAY_S)
    await scene.by(SELLER, "exit", BASE)
    await scene.by(SELLER, "exitIsolated", MARKET, BASE)
    state = await scene.derived()
    assert len(state.accounts.exits) == 1
    await scene.by(SELLER, "exitIsolated", MARKET, QUOTE)
    state = await scene.derived()
    assert state.accounts.exits == {}
    assert state.accounts.sessions[SELLER.address, KEY.address, MARKET].base_left == UNLIMITED
    assert state.balances[SELLER.address, BASE] == 0


async def test_withdrawals_from_an_isolated_account(scene):
    consent = IsolatedWithdrawal(MARKET, QUOTE, 17, 3, FAR_S)
    approval = IsolatedWithdrawalApproval(BUYER.address, MARKET, QUOTE, 17, 3, FAR_S)
    signatures = (scene.sign(BUYER, consent), scene.sign(ENGINE_KEY, approval))
    await scene.exchange.call("withdrawIsolated", BUYER.address, MARKET, QUOTE, 17, 3, FAR_S, *signatures)
    state = await scene.derived()
    assert state.accounts.balance(Account(BUYER.address, MARKET), QUOTE) == UNITS - 17
    assert state.balances[BUYER.address, QUOTE] == 2 * UNITS - 17


async def test_batches_of_every_kind_of_consent(scene):
    wallet = await deploy_contract(scene.exchange.nodes, scene.exchange.deployer, "ContractWallet", WALLET_KEY.address)
    await scene.deposit(wallet)
    await scene.by(SELLER, "setSessionKey", KEY.address, MARKET, 10**9, UNLIMITED, FAR_S)
    session, contract = AuthorizationKind.SESSION_KEY, AuthorizationKind.CONTRACT_WALLET
    orders = [
        scene.order(KEY, SELL, owner=SELLER.address, kind=session),
        scene.order(WALLET_KEY, BUY, owner=wallet, kind=contract),
        scene.order(KEY, BUY, owner=wallet, kind=contract),
        scene.order(SELLER, SELL, flags=ISOLATED, lane=4),
        scene.order(BUYER, BUY, flags=ISOLATED),
        scene.order(KEY, SELL, lots=10**4, lane=9, owner=SELLER.address, kind=session),
    ]
    fills = [(0, 1, 60), (0, 2, 1), (3, 4, 30), (0, 1, 41), (5, 1, 40), (2, 4, 5)]
    await scene.settle(orders, [BatchFill(*fill) for fill in fills])
    state = await scene.derived()
    assert (state.fills_settled, state.fills_skipped) == (3, 3)
    left = state.accounts.sessions[SELLER.address, KEY.address, MARKET]
    assert left == Session(10**9 - 100 * 10**6, UNLIMITED, FAR_S)


async def test_net_groups_that_settle_and_that_do_not(scene):
    orders = [
        scene.order(SELLER, SELL),
        scene.order(BUYER, BUY),
        scene.order(SELLER, SELL, flags=ISOLATED),
        scene.order(BUYER, BUY, flags=ISOLATED),
    ]
    owners = (SELLER, BUYER, SELLER, BUYER)
    accounts = [Account(owner.address, entry.sub_account) for owner, entry in zip(owners, orders, strict=True)]
    matched = Matched(orders, accounts, [BatchFill(0, 1, 7), BatchFill(2, 3, 9)], TERMS)
    number, previous_hash = await scene.contract.head()
    unified = UnifiedStatement(Authorization(b""), 3, net_deltas(matched, accounts[0]))
    isolated = IsolatedStatement(
        Authorization(b""), 4, MARKET, *(delta.units for delta in net_deltas(matched, accounts[3]))
    )
    answers = {
        account: replace(said, authorization=Authorization(scene.sign(owner, said.stated(number + 1, previous_hash))))
        for account, owner, said in ((accounts[0], SELLER, unified), (accounts[3], BUYER, isolated))
    }
    payload = plan_net(matched, answers).payload
    broken = replace(payload.groups[1], fees=())
    await scene.settle(payload.orders, payload.fills, (payload.groups[0], broken))
    state = await scene.derived()
    assert (state.groups_settled, state.groups_skipped) == (1, 1)
    assert sorted(state.accounts.floors.values()) == [3, 3]
    assert state.accounts.fees[QUOTE] > 0


async def test_a_batch_that_left_out_something_else_than_the_rules_do_is_noticed(scene, monkeypatch):
    await scene.settle([scene.order(SELLER, SELL), scene.order(BUYER, BUY, lots=5)], [BatchFill(0, 1, 6)])
    monkeypatch.setattr("offchain.settlement.chain_state.settle", lambda *_: None)
    with pytest.raises(StateDiverged, match="OVERFILL"):
        await scene.derived()
