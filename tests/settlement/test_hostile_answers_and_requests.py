"""What is late, wrong or hostile is refused by name, on either side; the batch settles by orders all the same."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace

from offchain.chain.settlement_view import LaneState
from offchain.client.statement_book import ChainFacts
from offchain.client.stream_messages import OrderToRenewMessage
from offchain.core.commands import Side
from offchain.core.errors import BadSignature, StatementLate, StatementNotAsked, StatementUnsafe, StatementWrong
from offchain.settlement.statement_desk import SignedAnswer
from tests.settlement.answering import WAIT_US, Answerer, answering, sent
from tests.settlement.settling import Settling, wallet
from tests.settlement.written_log import BASE, MARKET
from tests.support.waiting import PATIENCE_S

OTHER_MARKET = 2
UNANSWERED_MAX = 3


@pytest.fixture
async def settling(exchange, database):
    world = Settling(exchange, database)
    world.net_wait_us = WAIT_US
    world.revive()
    await world.fund(11, 12, 13)
    return world


@asynccontextmanager
async def asked(settling, account=11):
    """A request to the account, while settlement waits for its answer."""
    listening = settling.statements.listen(wallet(account).address)
    await settling.feed()
    await settling.service._close_due()
    turning = asyncio.create_task(settling.turn())
    yield await listening.__anext__()
    listening.close()
    await turning
    await settling.settle_all()
    await settling.assert_balances((11, 12))


def spent(settling):
    return settling.service.status().spent


WRONG = {
    "a floor below the range": lambda answer, asked: answer._replace(floor=asked.floor - 1),
    "a floor above the range": lambda answer, asked: answer._replace(floor=asked.floor_max + 1),
    "another floor than was signed": lambda answer, _: answer._replace(floor=answer.floor + 1),
    "no ladder": lambda answer, _: answer._replace(ladders={}),
    "a ladder of another market": lambda answer, _: answer._replace(
        ladders={OTHER_MARKET: next(iter(answer.ladders.values()))}
    ),
    "the statement's signature under the ladder": lambda answer, _: answer._replace(
        ladders=dict.fromkeys(answer.ladders, answer.signature)
    ),
    "a signature of nobody": lambda answer, _: answer._replace(signature=bytes(64) + b"\x1b"),
    "a signature of another wallet": lambda answer, asked: answer._replace(
        signature=wallet(13).sign_digest(asked.statement(answer.floor).digest(bytes(32)))
    ),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_answer_is_refused_and_a_right_one_after_it_taken(settling, wrong):
    answerer = Answerer(settling, 11)
    resting = settling.log.place(11, Side.BUY, 100, 5)
    settling.log.place(12, Side.SELL, 100, 2, [(resting, 2)])
    async with asked(settling) as request:
        right = sent(await answerer.sign(request))
        with pytest.raises((StatementWrong, BadSignature)):
            settling.statements.answer(wrong(right, request))
        settling.statements.answer(right)
        assert settling.statements.answer(right) == settling.statements.answer(wrong(right, request))
    assert spent(settling).statements == 1


async def test_a_stranger_learns_nothing_of_what_was_asked(settling):
    """Whatever is wrong beside the signature, only the owner is told."""
    answerer = Answerer(settling, 11)
    resting = settling.log.place(11, Side.BUY, 100, 5)
    settling.log.place(12, Side.SELL, 100, 2, [(resting, 2)])
    async with asked(settling) as request:
        right = sent(await answerer.sign(request))
        forged = right._replace(signature=wallet(13).sign_digest(bytes(32)))
        for guess in (forged._replace(floor=request.floor_max + 1), forged._replace(ladders={})):
            with pytest.raises(BadSignature):
                settling.statements.answer(guess)


async def test_an_answer_of_somebody_else_is_not_asked_for(settling):
    answerer = Answerer(settling, 11)
    settling.log.trade()
    async with asked(settling) as request:
        right = sent(await answerer.sign(request))
        for stranger in (13, 99):
            with pytest.raises(StatementNotAsked):
                settling.statements.answer(right._replace(owner=wallet(stranger).address))
    assert spent(settling).statements == 0


@pytest.mark.parametrize("other", [{"batch": 2}, {"previous_hash": bytes([1]) * 32}])
async def test_an_answer_about_another_batch_is_not_asked_for(settling, other):
    answerer = Answerer(settling, 11)
    settling.log.trade()
    async with asked(settling) as request:
        right = sent(await answerer.sign(request))
        with pytest.raises(StatementNotAsked, match="asked last"):
            settling.statements.answer(right._replace(**other))


async def test_an_answer_after_the_moment_is_late(settling):
    settling.net_wait_us = 50_000
    settling.revive()
    answerer = Answerer(settling, 11)
    settling.log.trade()
    async with asked(settling) as request:
        right = sent(await answerer.sign(request))
        await asyncio.sleep(0.1)
        with pytest.raises(StatementLate):
            settling.statements.answer(right)
    assert spent(settling).statements == 0


async def test_before_anybody_was_asked_no_answer_is_taken(settling):
    nobody = SignedAnswer(wallet(11).address, 1, bytes(32), 1, bytes(65), {})
    with pytest.raises(StatementNotAsked):
        settling.statements.answer(nobody)


def lies(message):
    """What a hostile exchange may ask for instead, each with the fault that the wallet finds."""
    asset, units = message.deltas[0]
    (renewal,) = message.renewals
    return {
        "less money": ("OTHER_RESULT", replace(message, deltas=[(asset, str(int(units) - 1)), *message.deltas[1:]])),
        "an asset more": ("OTHER_RESULT", replace(message, deltas=[(1, "0"), *message.deltas])),
        "an asset less": ("OTHER_RESULT", replace(message, deltas=message.deltas[1:])),
        "a fill less": ("OTHER_RESULT", replace(message, fill_ids=message.fill_ids[:1])),
        "a fill twice": ("OTHER_RESULT", replace(message, fill_ids=message.fill_ids[:1] * 2)),
        "no fill": ("UNKNOWN_FILL", replace(message, fill_ids=[])),
        "a stranger's fill": ("UNKNOWN_FILL", replace(message, fill_ids=[*message.fill_ids, 10_000])),
        "another batch": ("WRONG_BATCH", replace(message, batch=message.batch + 1)),
        "another predecessor": ("WRONG_BATCH", replace(message, previous_hash="0x" + "11" * 32)),
        "no room for a floor": ("FLOOR", replace(message, floor_max=message.floor - 1)),
        "a floor that leaves the order alive": (None, replace(message, floor=1)),
        "more lots": ("RENEWAL", replace(message, renewals=[replace(renewal, quantity_lots=4)])),
        "no lots": ("RENEWAL", replace(message, renewals=[replace(renewal, quantity_lots=0)])),
        "a renewal at the floor": ("RENEWAL", replace(message, renewals=[replace(renewal, seq_step=0)])),
        "a renewal of another market": ("RENEWAL", replace(message, renewals=[replace(renewal, market_id=2)])),
        "a renewal twice": ("RENEWAL", replace(message, renewals=[renewal, renewal])),
        "a stranger's order": ("UNKNOWN_ORDER", replace(message, renewals=[replace(renewal, order_id=10_000)])),
    }


async def test_a_wallet_signs_nothing_but_what_its_own_records_come_to(settling):
    answerer = Answerer(settling, 11)
    resting = settling.log.place(11, Side.BUY, 100, 5)
    settling.log.place(12, Side.SELL, 100, 1, [(resting, 1)])
    settling.log.place(12, Side.SELL, 100, 1, [(resting, 1)])
    async with asked(settling) as request:
        answerer.tell()
        bases, lanes = answerer.book.slots(answerer.message(request))
        chain = await facts(answerer, bases, lanes)
        for name, (fault, message) in lies(answerer.message(request)).items():
            if fault is None:
                assert answerer.book.sign(message, chain).floor >= request.floor, name
                continue
            with pytest.raises(StatementUnsafe, match=f"^STATEMENT_UNSAFE .*{fault}:"):
                answerer.book.sign(message, chain)


async def facts(answerer, bases, lanes):
    view, block = answerer.view, await answerer.view.newest_block()
    floors = await view.floors([(answerer.owner, base) for base in bases], block)
    states = await view.lanes([(answerer.owner, *lane) for lane in lanes], block)
    return ChainFacts(
        await view.batch_hash(block),
        {base: floor for (_, base), floor in floors.items()},
        {(base, lane): state for (_, base, lane), state in states.items()},
    )


async def test_what_the_chain_says_of_its_orders_is_held_against_the_request(settling):
    answerer = Answerer(settling, 11)
    resting = settling.log.place(11, Side.BUY, 100, 5)
    settling.log.place(12, Side.SELL, 100, 2, [(resting, 2)])
    async with asked(settling) as request:
        answerer.tell()
        message = answerer.message(request)
        bases, lanes = answerer.book.slots(message)
        chain = await facts(answerer, bases, lanes)
        (lane,), seq = lanes, answerer.book._orders[resting].signed.seq
        for fault, changed in {
            "SETTLED_BEFORE": chain._replace(lanes={lane: LaneState(1, seq)}),
            "SUPERSEDED": chain._replace(lanes={lane: LaneState(0, seq + 1)}),
        }.items():
            with pytest.raises(StatementUnsafe, match=fault):
                answerer.book.sign(message, changed)
        with pytest.raises(StatementUnsafe, match="SUPERSEDED"):
            answerer.book.sign(message, chain._replace(floors={BASE: seq}))


async def test_an_order_that_is_signed_again_has_no_former_consent_above_the_floor(settling):
    """Otherwise both would count, one after the other in the same lane."""
    answerer = Answerer(settling, 12)
    settling.log.trade(2, 11, 12)
    other = settling.log.place(12, Side.SELL, 101, 5)
    async with asked(settling, 12) as request:
        answerer.tell()
        honest = answerer.message(request)
        assert honest.renewals == []
        row, seq = OrderToRenewMessage(other, MARKET, 1, 5), answerer.book._orders[other].signed.seq
        hostile = replace(honest, renewals=[row], floor_max=2**40)
        chain = await facts(answerer, *answerer.book.slots(hostile))
        for fault, message in {
            "FLOOR": replace(hostile, floor_max=seq - 1),
            "RENEWAL": replace(hostile, renewals=[row, replace(row, seq_step=2)]),
        }.items():
            with pytest.raises(StatementUnsafe, match=fault):
                answerer.book.sign(message, chain)
        assert answerer.book.sign(hostile, chain).floor >= seq


async def test_lots_that_the_chain_has_and_the_wallet_was_not_told_of_are_not_signed_again(settling):
    answerer = Answerer(settling, 12)
    hidden = settling.log.place(12, Side.SELL, 101, 5)
    answerer.tell()
    settling.log.place(11, Side.BUY, 101, 3, [(hidden, 3)])
    await settling.settle_all()
    answerer.read = settling.log.sequence
    settling.log.trade(2, 11, 12)
    async with asked(settling, 12) as request:
        answerer.tell()
        honest = answerer.message(request)
        (row,) = honest.renewals
        assert (row.order_id, row.quantity_lots) == (hidden, 2)
        hostile = replace(honest, renewals=[replace(row, quantity_lots=3)])
        chain = await facts(answerer, *answerer.book.slots(hostile))
        with pytest.raises(StatementUnsafe, match="RENEWAL"):
            answerer.book.sign(hostile, chain)
        answerer.book.sign(honest, chain)


async def test_a_fill_outside_of_its_order_is_not_signed(settling):
    """The exchange tells of a fill at a worse price, with a higher fee, or of more lots than the order has."""
    for fault, change in {
        "OUTSIDE_ORDER": {"price": 101},
        "OVERFILL": {"lots": 6},
    }.items():
        answerer = Answerer(settling, 11)
        resting = settling.log.place(11, Side.BUY, 100, 5)
        settling.log.place(12, Side.SELL, 100, 2, [(resting, 2)])
        async with asked(settling) as request:
            answerer.tell()
            sides = answerer.book._sides[request.fills[0]]
            forged = sides[resting]._replace(**change)
            sides[resting] = answerer.book._fills_of[resting][0] = forged
            message = answerer.message(request)
            bases, lanes = answerer.book.slots(message)
            chain = await facts(answerer, bases, lanes)
            with pytest.raises(StatementUnsafe, match=fault):
                answerer.book.sign(message, chain)


async def test_no_fill_is_signed_for_two_batches(settling):
    answerer = Answerer(settling, 11)
    settling.log.trade()
    async with asked(settling) as request:
        await answerer.sign(request)
    first = answerer.message(request)
    head = await settling.submitter._contract.head()
    again = replace(first, batch=head.number + 1, previous_hash="0x" + head.batch_hash.hex())
    bases, lanes = answerer.book.slots(again)
    chain = await facts(answerer, bases, lanes)
    with pytest.raises(StatementUnsafe, match="SIGNED_BEFORE"):
        answerer.book.sign(again, chain)


async def test_a_listener_that_does_not_read_is_cut_and_holds_up_nobody(settling):
    settling.net_wait_us = 20_000
    settling.revive()
    deaf = settling.statements.listen(wallet(11).address)
    other = Answerer(settling, 12)
    async with answering(other):
        for _ in range(20):
            settling.log.trade()
            await settling.settle_all()
    assert not settling.statements.listens(wallet(11).address)
    assert deaf.drain() == []
    await settling.assert_balances((11, 12))


@pytest.fixture
async def silent(settling):
    """Account 11 listens, and has not answered until nobody waits for it; from now on a batch waits for ever."""
    settling.net_wait_us = 20_000
    settling.revive()
    listening = settling.statements.listen(wallet(11).address)
    for _ in range(UNANSWERED_MAX):
        settling.log.trade()
        await settling.settle_all()
    assert len(listening.drain()) == UNANSWERED_MAX
    settling.submitter._prover._wait_us = 10**12
    settling.listening = listening
    return settling


async def test_who_never_answers_is_asked_and_not_waited_for(silent):
    for _ in range(2):
        silent.log.trade()
        async with asyncio.timeout(PATIENCE_S):
            await silent.settle_all()
    assert len(silent.listening.drain()) == 2
    assert spent(silent).statements == 0
    await silent.assert_balances((11, 12))


async def test_who_answers_in_time_is_waited_for_again(silent):
    first, second = Answerer(silent, 11), Answerer(silent, 12)
    waited_for = silent.statements.listen(wallet(12).address)
    silent.log.trade()
    async with asked_of(silent):
        request = await waited_for.__anext__()
        await first.answer(*silent.listening.drain())
        await second.answer(request)
    waited_for.close()
    silent.log.trade()
    async with asked_of(silent) as turning:
        request = await silent.listening.__anext__()
        assert not turning.done()
        await first.answer(request)
    assert spent(silent).statements == 3
    await silent.assert_balances((11, 12))


async def test_who_connects_again_has_one_more_chance(silent):
    answerer = Answerer(silent, 11)
    silent.listening.close()
    for chance in range(2):
        listening = silent.statements.listen(wallet(11).address)
        silent.log.trade()
        async with asked_of(silent) as turning:
            request = await listening.__anext__()
            assert not turning.done()
            if chance:
                await answerer.answer(request)
            else:
                silent.statements._round.over.set()
        listening.close()
    assert spent(silent).statements == 1


@asynccontextmanager
async def asked_of(settling):
    """A look at the chain that may wait for answers."""
    await settling.feed()
    await settling.service._close_due()
    turning = asyncio.create_task(settling.turn())
    async with asyncio.timeout(PATIENCE_S):
        yield turning
        await turning
        await settling.settle_all()
