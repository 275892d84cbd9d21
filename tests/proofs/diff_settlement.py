"""`make diff-long N=n`: batches on a real contract held to the engine's ledger and to the plain rules, at length.

The engine trades a random flow of every kind of order. Its fills become batches of random size, proved by single
orders, ladders, session keys and contract wallets, from unified and isolated accounts; whoever happens to, answers with
a statement and signs his open orders anew. Some batches are spoilt: what the contract leaves out of them the engine
takes back. After each batch the engine's ledger must equal what the rules come to, and the contract must leave out what
the rules do; its whole storage is compared after every hundredth batch and the last one. Each stretch of batches has an
exchange and a seed of its own, so that stretches run beside each other. The same seed gives the same batches.
"""

import multiprocessing
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Final, NamedTuple

import click
from msgspec.structs import replace
from rich.console import Console
from rich.progress import Progress

from benchmarks.figures import Figures
from offchain.chain.keys import LocalSigner
from offchain.chain.typed_data import Batch
from offchain.core.commands import AuthorizationKind
from offchain.matching.engine import Engine
from offchain.settlement.accounts import UNLIMITED, Accounts, Session
from offchain.settlement.batch import BatchPayload, Delta, NetGroup, Statement
from offchain.settlement.decoding import decode_payload
from offchain.settlement.encoding import encode_payload, payload_hash
from offchain.settlement.netting import NetPlan, plan_net
from offchain.settlement.rules import Circumstances, Outcome, settle
from tests.proofs.settling_chain import (
    BATCHES_IN_A_BLOCK,
    ENGINE_KEY,
    SESSION_END_S,
    SESSION_QUOTE_UNITS,
    Sent,
    SettlingChain,
)
from tests.proofs.settling_flow import ASSETS, CHAIN_MARKETS, POOR_UNITS, TERMS, SettlingFlow, Trader, statement_with
from tests.support.chain import running_anvil

SEED: Final = 20_261_121
FILLS_MOST: Final = 6
"""Of a batch, before the rest of the command that made the last one."""
SPOILT_SHARE: Final = 0.03
COMPARED_EVERY: Final = 100
STRETCH_BATCHES: Final = 2_500
_JOURNAL_ROOT: Final = b"\x77" * 32
_NOW_S: Final = 2_000_000_000
"""Any time: nothing in the flow begins or ends by the clock."""


def traders_of(wallet: bytes) -> dict[int, Trader]:
    """Eight accounts, each consenting in its own way. `wallet` is the contract wallet of `signer_of(8)`."""
    owner, session = AuthorizationKind.OWNER, AuthorizationKind.SESSION_KEY
    own = {number: signer_of(number) for number in range(1, 9)}
    session_key = signer_of(99)
    return {
        1: Trader(own[1].address, own[1]),
        2: Trader(own[2].address, own[2], ladders=True),
        3: Trader(own[3].address, session_key, session),
        4: Trader(own[4].address, own[4], units=POOR_UNITS),
        # The isolated account of somebody who trades from the unified one too.
        5: Trader(own[1].address, own[1], owner, CHAIN_MARKETS + 1),
        6: Trader(own[6].address, session_key, session, CHAIN_MARKETS + 2),
        7: Trader(own[7].address, own[7], owner, CHAIN_MARKETS + 1, ladders=True),
        8: Trader(wallet, own[8], AuthorizationKind.CONTRACT_WALLET),
    }


def signer_of(number: int) -> LocalSigner:
    """A key by number."""
    return LocalSigner((0xD1FF00 + number).to_bytes(32, "big"))


class Totals(NamedTuple):
    """What a run came to."""

    batches: int
    commands: int
    fills: int
    fills_netted: int
    statements: int
    items_skipped: int
    comparisons: int
    gas: int
    mismatches: list[str]


class Comparison:
    """Engine, rules and contract, side by side."""

    def __init__(self, seed: int, url: str, spoilt_share: float = SPOILT_SHARE) -> None:
        self.chance = random.Random(seed)
        self.spoilt_share = spoilt_share
        self.chain = SettlingChain(url)
        self.traders = traders_of(self.chain.run(self.chain.wallet(signer_of(8).address)))
        self.chain.run(self.chain.open(self.traders))
        self.domain = self.chain.contract.domain_separator
        self.flow = SettlingFlow(seed, self.domain, self.traders)
        self.accounts = self.opened()
        self.number, self.hash = 0, bytes(32)
        self.waiting: list[Sent] = []
        self.on_the_way = self.chain.start(self.chain.settle([]))
        self.fills = self.netted = self.statements = self.skipped = self.comparisons = 0
        self.mismatches: list[str] = []

    def opened(self) -> Accounts:
        """What the contract remembers before the first batch."""
        accounts = Accounts(markets=dict(TERMS))
        for trader in self.traders.values():
            for asset in TERMS[trader.market][:2] if trader.market else ASSETS:
                accounts.add(trader.account, asset, trader.units)
            if trader.kind == AuthorizationKind.SESSION_KEY:
                for market in [trader.market] if trader.market else TERMS:
                    session = Session(UNLIMITED, SESSION_QUOTE_UNITS, SESSION_END_S)
                    accounts.sessions[trader.owner, trader.signer.address, market] = session
        return accounts

    def run(self, batches: int) -> Totals:
        """Settles that many batches, or stops at the first mismatch."""
        try:
            while self.number < batches and not self.mismatches:
                self.step()
                if self.number % COMPARED_EVERY == 0 or self.number == batches:
                    self.compare()
        finally:
            self.chain.close()
        return Totals(
            self.number,
            self.flow.commands,
            self.fills,
            self.netted,
            self.statements,
            self.skipped,
            self.comparisons,
            self.chain.gas,
            self.mismatches,
        )

    def step(self) -> None:
        """One batch, from the flow to the contract."""
        self.flow.trade(self.chance.randint(1, FILLS_MOST))
        matched = self.flow.matched()
        answers = self.answers()
        plan = plan_net(matched, {self.traders[number].account: said for number, said in answers.items()})
        payload = encode_payload(*plan.payload)
        if self.chance.random() < self.spoilt_share:
            payload = encode_payload(*spoilt(decode_payload(payload), self.chance))
        batch = decode_payload(payload)
        outcome = settle(self.accounts, batch, self.circumstances())
        self.send(payload, outcome)
        self.settle_flow(plan, answers, outcome)
        self.check_ledger()

    def answers(self) -> dict[int, Statement]:
        """Who happens to answer, and what; a contract wallet cannot."""
        matched = self.flow.matched()
        share = self.chance.choice((0.0, 0.3, 0.9))
        found = {}
        for number in sorted({self.flow.standing[entry.order_id].account for entry in self.flow.places}):
            if self.traders[number].kind == AuthorizationKind.CONTRACT_WALLET or self.chance.random() >= share:
                continue
            statement = self.flow.answer(matched, number, self.number + 1, self.hash)
            if statement is not None:
                found[number] = statement
        return found

    def circumstances(self) -> Circumstances:
        """Those of the next batch; the wallet takes what its signer signed."""

        def accepts(owner: bytes, digest: bytes, signature: bytes) -> bool:
            trader = self.traders[8]
            return owner == trader.owner and signature == trader.signer.sign_digest(digest)

        return Circumstances(self.number + 1, self.hash, _NOW_S, self.domain, accepts)

    def send(self, payload: bytes, outcome: Outcome) -> None:
        """Signs the next batch as the engine does, and puts it on its way; blocks are made in the background."""
        self.number += 1
        batch = Batch(self.number, payload_hash(payload), self.hash, _JOURNAL_ROOT, self.flow.day.sequence)
        signature = ENGINE_KEY.sign_digest(batch.digest(self.domain))
        self.hash = self.chain.contract.batch_hash(batch)
        calldata = self.chain.contract.settle_calldata(batch, payload, signature)
        self.waiting.append(Sent(self.number, calldata, outcome))
        if len(self.waiting) == BATCHES_IN_A_BLOCK:
            self.flush()

    def flush(self) -> None:
        """Takes in what became of the last block, and begins the next one."""
        self.mismatches += self.on_the_way.result()
        self.on_the_way, self.waiting = self.chain.start(self.chain.settle(self.waiting)), []

    def settle_flow(self, plan: NetPlan, answers: dict[int, Statement], outcome: Outcome) -> None:
        """The engine takes back what was left out; whoever's statement settled signs his open orders anew."""
        left_out = {plan.fills[place]: reason for place, reason in outcome.skipped_fills.items()}
        for group, (reason, _) in outcome.skipped_groups.items():
            left_out |= dict.fromkeys(plan.group_fills[group], reason)
        for group, members in enumerate(plan.payload.groups):
            if group not in outcome.skipped_groups:
                for number, statement in answers.items():
                    if statement in members.statements:
                        self.flow.renew(number, statement)
            self.statements += len(members.statements)
        fills = self.flow.close()
        for place, reason in sorted(left_out.items()):
            self.flow.unwind(fills[place], reason)
        self.fills += len(fills)
        self.netted += sum(map(len, plan.group_fills))
        self.skipped += len(left_out)

    def check_ledger(self) -> None:
        """The engine's ledger against what the rules came to."""
        for (number, asset), units in self.flow.totals().items():
            if number == 0:
                found = self.accounts.fees.get(asset, 0)
            else:
                found = self.accounts.balance(self.traders[number].account, asset)
            if found != units:
                message = f"After batch {self.number} account {number} has {units} units of asset {asset} in the engine"
                self.mismatches.append(f"{message}, and {found} by the rules.")

    def compare(self) -> None:
        """The contract's whole storage against what the rules came to."""
        self.flush()
        self.mismatches += self.on_the_way.result()
        self.on_the_way = self.chain.start(self.chain.settle([]))
        for view, found in self.chain.run(self.chain.differences(self.accounts)).items():
            self.mismatches.append(f"After batch {self.number} {view}: {found}")
        self.comparisons += 1


def spoilt(batch: BatchPayload, chance: random.Random) -> BatchPayload:
    """A batch with something wrong in it that no owner can have signed, so that it cannot settle whole."""
    ways: list[Callable[[BatchPayload, random.Random], BatchPayload]] = []
    if batch.orders:
        ways += [_other_signature, _rate_over_cap]
    if batch.fills:
        ways += [_overfill, _not_opposite]
    if batch.groups:
        ways += [_unbalanced]
    if any(group.statements for group in batch.groups):
        ways += [_other_statement, _repeated_statement]
    return chance.choice(ways)(batch, chance)


def _other_signature(batch: BatchPayload, chance: random.Random) -> BatchPayload:
    orders, place = list(batch.orders), chance.randrange(len(batch.orders))
    signature = bytearray(orders[place].authorization.signature)
    signature[chance.randrange(31)] ^= 1 << chance.randrange(8)
    authorization = replace(orders[place].authorization, signature=bytes(signature))
    orders[place] = replace(orders[place], authorization=authorization)
    return batch._replace(orders=tuple(orders))


def _rate_over_cap(batch: BatchPayload, chance: random.Random) -> BatchPayload:
    orders, place = list(batch.orders), chance.randrange(len(batch.orders))
    orders[place] = replace(orders[place], taker_fee_ppm=orders[place].order.max_fee_bps * 100 + 1)
    return batch._replace(orders=tuple(orders))


def _overfill(batch: BatchPayload, chance: random.Random) -> BatchPayload:
    fills, place = list(batch.fills), chance.randrange(len(batch.fills))
    most = batch.orders[fills[place].maker].order.quantity
    fills[place] = fills[place]._replace(quantity_lots=chance.choice((0, most + 1)))
    return batch._replace(fills=tuple(fills))


def _not_opposite(batch: BatchPayload, chance: random.Random) -> BatchPayload:
    fills, place = list(batch.fills), chance.randrange(len(batch.fills))
    fills[place] = fills[place]._replace(taker=fills[place].maker)
    return batch._replace(fills=tuple(fills))


def _with_group(batch: BatchPayload, place: int, group: NetGroup) -> BatchPayload:
    return batch._replace(groups=(*batch.groups[:place], group, *batch.groups[place + 1 :]))


def _unbalanced(batch: BatchPayload, chance: random.Random) -> BatchPayload:
    place = chance.randrange(len(batch.groups))
    group, asset = batch.groups[place], chance.choice(batch.assets)
    return _with_group(batch, place, replace(group, fees=(*group.fees, Delta(asset, chance.choice((-1, 1))))))


def _stating(batch: BatchPayload, chance: random.Random) -> int:
    return chance.choice([place for place, group in enumerate(batch.groups) if group.statements])


def _other_statement(batch: BatchPayload, chance: random.Random) -> BatchPayload:
    place = _stating(batch, chance)
    group = batch.groups[place]
    first, *others = group.statements
    return _with_group(batch, place, replace(group, statements=(statement_with(first, 1), *others)))


def _repeated_statement(batch: BatchPayload, chance: random.Random) -> BatchPayload:
    place = _stating(batch, chance)
    group = batch.groups[place]
    return _with_group(batch, place, replace(group, statements=(*group.statements, group.statements[0])))


def stretch(seed: int, batches: int) -> Totals:
    """So many batches on a new exchange."""
    with running_anvil("--prune-history") as url:
        return Comparison(seed, url).run(batches)


def stretches(seed: int, batches: int) -> Iterator[Totals]:
    """The totals of each stretch, as they come; no more begin after a mismatch."""
    sizes = [min(STRETCH_BATCHES, batches - start) for start in range(0, batches, STRETCH_BATCHES)]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        running = [pool.submit(stretch, seed + place, size) for place, size in enumerate(sizes)]
        for done in as_completed(running):
            yield (totals := done.result())
            if totals.mismatches:
                pool.shutdown(wait=False, cancel_futures=True)
                return


@click.command()
@click.option("--batches", default=100_000, type=click.IntRange(min=1), help="How many batches to settle.")
@click.option("--seed", default=SEED, help="The same seed gives the same batches.")
def main(batches: int, seed: int) -> None:
    """Settle random batches, and compare the contract with the engine and with the rules."""
    if not Engine().compiled:
        sys.exit("The engine is not compiled: run `make build` where a C compiler is installed.")
    started, found = time.monotonic(), []
    with Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task("batches", total=batches)
        for totals in stretches(seed, batches):
            found.append(totals)
            progress.advance(bar, totals.batches)
    tell = Figures("diff-long", f"make diff-long N={batches} SEED={seed}").tell
    settled = sum(totals.batches for totals in found)
    for name in ("batches", "commands", "fills", "fills_netted", "statements", "items_skipped", "comparisons"):
        tell(name, sum(getattr(totals, name) for totals in found), name.replace("_", " "), settled)
    tell("gas", sum(totals.gas for totals in found), "gas", settled)
    tell("seconds", round(time.monotonic() - started, 1), "s", 1)
    mismatches = [mismatch for totals in found for mismatch in totals.mismatches]
    tell("mismatches", len(mismatches), "mismatches", settled)
    if mismatches:
        sys.exit("\n".join(mismatches[:10]))


if __name__ == "__main__":
    main()
