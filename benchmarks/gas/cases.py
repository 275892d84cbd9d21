"""What is measured: each figure is gas of a whole transaction, or that divided by what it settled."""

from typing import Final, NamedTuple

from benchmarks.gas.ground import BASE, BUY, ENGINE_KEY, SELL, Ground, flz_bytes
from offchain.chain.bindings import load_contract
from offchain.chain.typed_data import ISOLATED, Withdrawal, WithdrawalApproval
from offchain.settlement.batch import BatchFill
from offchain.settlement.netting import Matched

TRADERS: Final = 1_300
"""More than two for each pair that a transaction can hold."""
EXIT_DELAY_S: Final = 86_400
_FAR_S: Final = 4_000_000_000


class Figure(NamedTuple):
    """A measurement, and how many of what it is per were measured."""

    value: int
    unit: str
    n: int


async def measure(ground: Ground) -> dict[str, Figure]:
    """All figures, on a ground whose traders have unified and isolated accounts."""
    figures: dict[str, Figure] = {}
    for count in (1, 10, 100):
        gas, calldata = await ground.settle(*ground.pairs(range(2 * count)))
        figures[f"pair_n{count}"] = Figure(gas // count, "gas", count)
    figures["bytes_per_pair_n100"] = Figure(-(-len(calldata) // 100), "bytes", 100)
    figures["flz_per_pair_n100"] = Figure(-(-flz_bytes(calldata) // 100), "bytes", 100)
    gas, _ = await ground.settle(*ground.pairs(range(200), ISOLATED))
    figures["pair_isolated_n100"] = Figure(gas // 100, "gas", 100)
    for name, flags in (("one_vs_100", 0), ("one_vs_100_isolated", ISOLATED)):
        figures[name] = Figure(await one_against(ground, 100, flags) // 100, "gas", 100)
    figures["fill_400_over_20"] = Figure(await fills_over(ground, 400, 20) // 400, "gas", 400)
    for name, flags in (("net_statement", 0), ("net_statement_isolated", ISOLATED)):
        few, many = [await net_fills(ground, count, count, flags) for count in (20, 120)]
        figures[name] = Figure((many - few) // 100, "gas", 100)
    for fills, accounts in ((1_000, 20), (10_000, 50)):
        gas = await net_fills(ground, fills, accounts, 0)
        figures[f"net_fill_{fills}_over_{accounts}"] = Figure(-(-gas // fills), "gas", fills)
    figures["deposit"] = Figure(await deposit(ground), "gas", 1)
    figures["withdraw_fast"] = Figure(await withdraw(ground), "gas", 1)
    figures["exit"] = Figure(await leave(ground), "gas", 1)
    figures["max_pairs_per_transaction"] = Figure(await most_pairs(ground), "pairs", 1)
    return figures


async def one_against(ground: Ground, count: int, flags: int) -> int:
    """One resting order fills as many others, each of its own trader."""
    orders = [ground.order(0, SELL, flags, 10**8), *(ground.order(1 + place, BUY, flags) for place in range(count))]
    return (await ground.settle(orders, [BatchFill(0, 1 + place, 100_000) for place in range(count)])).gas


async def fills_over(ground: Ground, fills: int, count: int) -> int:
    """Many fills between a few orders."""
    matched = among(ground, fills, count, 0)
    return (await ground.settle(matched.orders, matched.fills)).gas


async def net_fills(ground: Ground, fills: int, count: int, flags: int) -> int:
    """The same, where everybody answers with a statement."""
    return (await ground.settle_batch(await ground.stated(among(ground, fills, count, flags)))).gas


def among(ground: Ground, fills: int, count: int, flags: int) -> Matched:
    """Fills between orders of as many traders, sellers and buyers in turn, everybody with many others."""
    orders = [ground.order(trader, trader % 2, flags, 10**9) for trader in range(count)]
    half = count // 2
    pairs = [(2 * (place % half), 2 * ((place // half + place) % half) + 1) for place in range(fills)]
    return ground.matched(orders, range(count), [BatchFill(maker, taker, 5_003) for maker, taker in pairs])


async def deposit(ground: Ground) -> int:
    """Somebody who has a balance adds to it, from a wallet that keeps some of the token."""
    owner, listed = ground.traders[0].address, ground.exchange.assets[BASE]
    token, units = load_contract("TestToken"), 10**9 * listed.unit_scale
    sender = "0x" + owner.hex()
    await ground.exchange.transact(listed.token, token.encode_call("mint", owner, 2 * units))
    await ground.exchange.fund(owner)
    await ground.exchange.nodes.call("anvil_impersonateAccount", sender)
    await ground.exchange.transact(
        listed.token, token.encode_call("approve", ground.exchange.settlement, 2 * units), sender
    )
    calldata = ground.exchange.contract.encode_call("deposit", BASE, units)
    return int((await ground.transact(calldata, owner))["gasUsed"], 16)


async def withdraw(ground: Ground) -> int:
    """Somebody who has used nonces before takes out a part, to a wallet that has some of the token."""
    gas = 0
    for nonce in (1, 2):
        trader, amount = ground.traders[0], 10**6
        consent = ground.sign(trader, Withdrawal(BASE, amount, nonce, _FAR_S))
        approval = WithdrawalApproval(trader.address, BASE, amount, nonce, _FAR_S)
        calldata = ground.contract.withdraw_calldata(approval, consent, ground.sign(ENGINE_KEY, approval))
        gas = int((await ground.transact(calldata))["gasUsed"], 16)
    return gas


async def leave(ground: Ground) -> int:
    """Somebody whose exit has come into effect is paid all, to a wallet that has some of the token."""
    owner, contract = ground.traders[0].address, ground.exchange.contract
    await ground.transact(contract.encode_call("requestExit", BASE), owner)
    await ground.exchange.nodes.call("evm_increaseTime", EXIT_DELAY_S)
    return int((await ground.transact(contract.encode_call("exit", BASE), owner))["gasUsed"], 16)


async def most_pairs(ground: Ground) -> int:
    """How many independent pairs one transaction can settle: the most gas it may use (EIP-7825) is the limit."""
    least, most = 1, (TRADERS - 2) // 2
    while least < most:
        count = (least + most + 1) // 2
        if await ground.fits(*ground.pairs(range(2, 2 + 2 * count))):
            least = count
        else:
            most = count - 1
    await ground.settle(*ground.pairs(range(2, 2 + 2 * least)))
    return least
