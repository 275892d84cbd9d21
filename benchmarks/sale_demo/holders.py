"""Vesting as its accounts live it: lists of team and advisers, claims of every kind through the years, a revocation."""

import csv
from fractions import Fraction
from typing import Final

from eth_utils.address import to_checksum_address

from benchmarks.sale_demo.node import Call, Receipt
from benchmarks.sale_demo.stage import Stage
from offchain.chain.keys import LocalSigner
from offchain.chain.typed_data import keccak
from offchain.deployer.pools import allocations_of, tree_path
from offchain.presale.sale_plan import BPS
from offchain.presale.tree import StandardTree

TEAM: Final = 12
ADVISERS: Final = 5
_CLAIM_TYPE: Final = b"Claim(uint256 pool,address account,address recipient,uint256 nonce,uint40 deadline)"
_DEADLINE: Final = 2**40 - 1


class Vesting:
    """The published pools, who has claimed what of them, and how often a payment was not what it had to be.

    Attributes:
        trees: by pool.
        claimed: base units by pool and account.
        points: what all accounts of a pool had claimed, by pool, each with its time.
        mismatches: payments that were not what the schedule gives, to the unit.
        claims: how many there were.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        pools = range(len(stage.plan.pool_names()))
        paths = {pool: tree_path(stage.folder, pool) for pool in pools}
        self.trees = {pool: StandardTree.load(path) for pool, path in paths.items() if path.exists()}
        self.allocations = {pool: allocations_of(tree) for pool, tree in self.trees.items()}
        self.claimed = {(pool, account): 0 for pool, rows in self.allocations.items() for account in rows}
        self.points: dict[int, list[tuple[int, int]]] = {pool: [] for pool in self.trees}
        self.revoked: set[tuple[int, bytes]] = set()
        self.mismatches = 0
        self.claims = 0
        self._nonces: dict[bytes, int] = {}
        self._signers = {wallet.address: wallet for wallet in (*stage.wallets, *insiders())}
        self._domain = stage.view.read("MerkleVesting", "domainSeparator")

    def claim(self, share: float) -> None:
        """A share of the accounts that have something to claim now claim it, in one of the four ways."""
        now = self.stage.node.now()
        due = [
            key
            for key, paid in self.claimed.items()
            if key not in self.revoked and self._vested(key, now) > paid and self.stage.random.random() < share
        ]
        calls, recipients = [], []
        self._nonces.clear()
        for place, key in enumerate(due):
            call, recipient = self._call(place, key)
            calls.append(call)
            recipients.append(recipient)
        for key, recipient, receipt in zip(due, recipients, self.stage.node.send(calls), strict=True):
            self._check(key, recipient, receipt)
        for pool, points in self.points.items():
            points.append((now, sum(paid for key, paid in self.claimed.items() if key[0] == pool)))

    def revoke_one(self) -> None:
        """The administrator ends the vesting of one of the team; what has vested is paid, the rest goes back."""
        pool = len(self.stage.plan.rounds)
        account = insiders()[0].address
        key, tree = (pool, account), self.trees[pool]
        allocation = self.allocations[pool][account]
        arguments = pool, account, allocation, tree.proof(account)
        (receipt,) = self.stage.node.send([self.stage.call(self.stage.deployer, "MerkleVesting", "revoke", *arguments)])
        self._check(key, account, receipt)
        returned = self.stage.received(receipt, "QTRA", self.stage.view.read("MerkleVesting", "treasury"))
        self.mismatches += returned != allocation - self.claimed[key]
        self.revoked.add(key)

    def _call(self, place: int, key: tuple[int, bytes]) -> tuple[Call, bytes]:
        """A claim, and who is paid by it: with the proof, later without, for another, or by the account's signature."""
        pool, account = key
        stage, allocation, proof = self.stage, self.allocations[pool][account], self.trees[pool].proof(account)
        if place % 11 == 3:
            recipient = keccak(account)[:20]
            nonce = self._nonces.pop(account, None) or stage.view.read("MerkleVesting", "nonces", account)
            self._nonces[account] = nonce + 1
            signature = self._sign(self._signers[account], pool, recipient, nonce)
            signed = pool, "0x" + account.hex(), "0x" + recipient.hex(), nonce, _DEADLINE
            call = stage.call(stage.deployer, "MerkleVesting", "claimBySignature", signed, allocation, proof, signature)
            return call, recipient
        if place % 11 == 7:
            return stage.call(stage.deployer, "MerkleVesting", "claimFor", pool, account, allocation, proof), account
        if self.claimed[key]:
            return stage.call(account, "MerkleVesting", "claimAgain", pool), account
        return stage.call(account, "MerkleVesting", "claim", pool, allocation, proof), account

    def _check(self, key: tuple[int, bytes], recipient: bytes, receipt: Receipt) -> None:
        got = self.stage.received(receipt, "QTRA", recipient)
        self.mismatches += got != self._vested(key, receipt.timestamp) - self.claimed[key]
        self.claimed[key] += got
        self.claims += 1

    def _vested(self, key: tuple[int, bytes], at: int) -> int:
        """What has vested, by fractions and from the plan: no arithmetic of the contract or the services is in it."""
        pool, account = key
        start, cliff, end, start_bps, _ = self.stage.plan.schedule(pool)
        allocation = self.allocations[pool][account]
        initial = int(Fraction(allocation * start_bps, BPS))
        if at < start:
            return 0
        if at < cliff:
            return initial
        return initial + int((allocation - initial) * min(Fraction(1), Fraction(at - start, max(1, end - start))))

    def _sign(self, signer: LocalSigner, pool: int, recipient: bytes, nonce: int) -> bytes:
        numbers = (number.to_bytes(32, "big") for number in (nonce, _DEADLINE))
        words = [pool.to_bytes(32, "big"), signer.address, recipient, *numbers]
        struct = keccak(keccak(_CLAIM_TYPE) + b"".join(word.rjust(32, b"\0") for word in words))
        return signer.sign_digest(keccak(b"\x19\x01" + self._domain + struct))


def insiders() -> list[LocalSigner]:
    """Team and advisers, in this order."""
    return [LocalSigner((0x7EA3 << 32 | number).to_bytes(32, "big")) for number in range(TEAM + ADVISERS)]


def write_holders(stage: Stage) -> None:
    """Writes the list of team and advisers: amounts of every size, to the last base unit."""
    names = [pool.name for pool in stage.plan.pools]
    with (stage.folder / "holders.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("pool", "account", "tokens"))
        for place, insider in enumerate(insiders()):
            tokens = f"{stage.random.randint(100_000, 5_000_000)}.{stage.random.randint(0, 10**18 - 1):018}"
            writer.writerow((names[place >= TEAM], to_checksum_address(insider.address), tokens))
