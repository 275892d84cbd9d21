"""A sale on a test chain, as deployers configure it and buyers use it: vouchers and permits signed by eth-account."""

from dataclasses import dataclass
from typing import Any

from ape.api import ReceiptAPI
from ape.contracts import ContractInstance
from eth_account import Account
from eth_account.messages import encode_typed_data

SIGNER = Account.from_key((0x516E4).to_bytes(32, "big"))
DAY = 86_400
DOLLAR = 10**6
TOKEN = 10**18
FAR = 2**40 - 1
NOBODY = "0x" + "00" * 20
NO_VOUCHER = (NOBODY, 0, 0, 0, 0)
PRIVATE, PUBLIC = 0, 1
BURN, TREASURY = 0, 1
_DOMAIN = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]


def typed(contract: str, chain_id: int, name: str, kind: str, fields: str, message: dict[str, Any]) -> Any:
    """What a wallet signs. `fields` is as the EIP-712 type has them."""
    columns = [dict(zip(("type", "name"), field.split(), strict=True)) for field in fields.split(",")]
    domain = {"name": name, "version": "1", "chainId": chain_id, "verifyingContract": contract}
    types = {"EIP712Domain": _DOMAIN, kind: columns}
    return encode_typed_data(full_message={"types": types, "primaryType": kind, "domain": domain, "message": message})


@dataclass
class Presale:
    """The contracts, and everybody involved. Round 0 needs vouchers and has a soft cap; round 1 is public."""

    sale: ContractInstance
    vesting: ContractInstance
    qtra: ContractInstance
    dollars: list[ContractInstance]
    admin: Any
    treasury: Any
    foundation: Any
    buyers: list[Any]
    start: int
    chain: Any

    @property
    def chain_id(self) -> int:
        """Of the test chain."""
        return int(self.chain.chain_id)

    def voucher(self, buyer: Any, round_: int = PRIVATE, cap: int = 10**12, nonce: int = 1) -> tuple[Any, ...]:
        """That the buyer was identified."""
        return (buyer.address, round_, cap, FAR, nonce)

    def sign(self, voucher: tuple[Any, ...], chain_id: int = 0, contract: str = "", key: Any = SIGNER) -> bytes:
        """A voucher's signature."""
        fields = "address buyer,uint256 round,uint64 cap,uint40 deadline,uint64 nonce"
        message = dict(zip(("buyer", "round", "cap", "deadline", "nonce"), voucher, strict=True))
        document = typed(
            contract or self.sale.address, chain_id or self.chain_id, "QuantaTrade Sale", "Voucher", fields, message
        )
        return bytes(key.sign_message(document).signature)

    def purchase(self, micros: int, round_: int = PRIVATE, payment: int = 0, **terms: Any) -> tuple[Any, ...]:
        """What a buyer asks for."""
        minimum, deadline = terms.get("minimum", 0), terms.get("deadline", FAR)
        return (round_, payment, micros, minimum, deadline, terms.get("referrer", NOBODY))

    def buy(self, buyer: Any, micros: int, round_: int = PRIVATE, payment: int = 0, **terms: Any) -> ReceiptAPI:
        """A purchase, with a voucher where it needs one."""
        voucher, signature = NO_VOUCHER, b""
        if round_ == PRIVATE:
            voucher = self.voucher(buyer)
            signature = self.sign(voucher)
        purchase = self.purchase(micros, round_, payment, **terms)
        return self.sale.buy(purchase, voucher, signature, sender=buyer)

    def at(self, seconds: int) -> None:
        """The next block is so long after the first round has opened."""
        self.chain.pending_timestamp = self.start + seconds
        self.chain.mine()


def deploy_presale(project: Any, accounts: Any, chain: Any) -> Presale:
    """A configured sale that opens in a day; buyers hold a million of each dollar."""
    admin, treasury, foundation, *buyers = [accounts[i] for i in range(7)]
    access = project.ExchangeAccess.deploy(admin, sender=admin)
    qtra = project.QTRAToken.deploy([(b"sale".ljust(32, b"\0"), admin, 10**27)], sender=admin)
    vesting = project.MerkleVesting.deploy(access, qtra, treasury, sender=admin)
    sale = project.SaleManager.deploy(access, qtra, vesting, sender=admin)
    dollars = [project.TestToken.deploy(f"Dollar {places}", "USD", places, sender=admin) for places in (6, 18)]
    start = chain.pending_timestamp + DAY
    rounds = [
        (20_000, start, start + DAY, 10**6 * TOKEN, 10_000 * DOLLAR, 10 * DOLLAR, 9_000 * DOLLAR, 500, BURN, True),
        (30_000, start + DAY, start + 2 * DAY, 10**5 * TOKEN, 0, DOLLAR, 2_000 * DOLLAR, 0, TREASURY, False),
    ]
    shares = [(treasury, 7_500), (foundation, 2_500)]
    qtra.approve(sale, 11 * 10**5 * TOKEN, sender=admin)
    sale.configure(rounds, dollars, shares, 10_000 * DOLLAR, SIGNER.address, sender=admin)
    for buyer in buyers:
        for dollar in dollars:
            amount = 10 ** (6 + dollar.decimals())
            dollar.mint(buyer, amount, sender=admin)
            dollar.approve(sale, amount, sender=buyer)
    contracts = project.ISaleManager.at(sale.address), project.IMerkleVesting.at(vesting.address)
    return Presale(*contracts, qtra, dollars, admin, treasury, foundation, buyers, start, chain)
