"""The yardstick: a plain web3.py loop, `get_logs` and `process_log`, that writes the same rows to the same tables."""

import time
from typing import Any, Final

from sqlalchemy import Engine, insert, select
from web3 import HTTPProvider, Web3

from indexer.project.funds import ChainDeposit
from indexer.project.projection import table_of
from indexer.project.tokens import ChainTokenBalance, ChainTokenTransfer
from indexer.store.models import IndexerLog
from offchain.chain.bindings import load_contract
from offchain.chain.manifest import Manifest
from offchain.core.database import insert_or_update, writing_sessions

RANGE_BLOCKS: Final = 20
_NOBODY: Final = bytes(20)
_Row = dict[str, Any]


class PlainLoop:
    """Reads a range of blocks after the other: logs, events, rows, commit."""

    def __init__(self, node_url: str, manifest: Manifest, database: Engine) -> None:
        self._web3 = Web3(HTTPProvider(node_url))
        self._chain_id = manifest.chain_id
        self._sessions = writing_sessions(database)
        self._events: dict[bytes, tuple[Any, str]] = {}
        self._addresses = []
        for name in ("Settlement", "QTRAToken"):
            address = Web3.to_checksum_address("0x" + manifest.address(name).hex())
            abi = load_contract(name).abi
            contract = self._web3.eth.contract(address, abi=abi)
            self._addresses.append(address)
            for row in abi:
                if row["type"] == "event":
                    self._events[load_contract(name).topic(row["name"])] = (contract.events[row["name"]](), row["name"])

    def run(self, first: int, last: int) -> tuple[int, float]:
        """The events stored from one block to another, and the seconds that it took."""
        started_s, events = time.perf_counter(), 0
        for start in range(first, last + 1, RANGE_BLOCKS):
            events += self._range(start, min(last, start + RANGE_BLOCKS - 1))
        return events, time.perf_counter() - started_s

    def _range(self, first: int, last: int) -> int:
        logs = self._web3.eth.get_logs({"address": self._addresses, "fromBlock": first, "toBlock": last})
        raw, deposits, transfers = [], [], []
        for log in logs:
            event, name = self._events[bytes(log["topics"][0])]
            told = event.process_log(log)["args"]
            key = self._key(log)
            topics = b"".join(bytes(topic) for topic in log["topics"])
            contract = bytes.fromhex(log["address"][2:])
            raw.append(
                {**key, "contract": contract, "topics": topics, "data": bytes(log["data"]), "event": name, "error": ""}
            )
            if name == "Deposited":
                owner = bytes.fromhex(told["owner"][2:])
                deposits.append({**key, "owner": owner, "asset": told["asset"], "amount": told["amount"]})
            elif name == "Transfer":
                parties = {"sender": bytes.fromhex(told["from"][2:]), "recipient": bytes.fromhex(told["to"][2:])}
                transfers.append({**key, "token": contract, **parties, "amount": told["value"]})
        with self._sessions.begin() as session:
            for model, rows in ((IndexerLog, raw), (ChainDeposit, deposits), (ChainTokenTransfer, transfers)):
                if rows:
                    session.execute(insert(model), rows)
            for row in transfers:
                self._move(session, row["token"], row["sender"], -row["amount"])
                self._move(session, row["token"], row["recipient"], row["amount"])
        return len(logs)

    def _move(self, session: Any, token: bytes, holder: bytes, amount: int) -> None:
        if holder == _NOBODY:
            return
        table = table_of(ChainTokenBalance)
        of_holder = (table.c.chain_id == self._chain_id) & (table.c.token == token) & (table.c.holder == holder)
        before = session.scalar(select(table.c.amount).where(of_holder)) or 0
        row = {"chain_id": self._chain_id, "token": token, "holder": holder, "amount": before + amount}
        upsert = insert_or_update(session, table).values(row)
        identity = ["chain_id", "token", "holder"]
        session.execute(upsert.on_conflict_do_update(index_elements=identity, set_={"amount": before + amount}))

    def _key(self, log: Any) -> _Row:
        return {
            "chain_id": self._chain_id,
            "block_hash": bytes(log["blockHash"]),
            "log_index": log["logIndex"],
            "block_number": log["blockNumber"],
            "transaction_hash": bytes(log["transactionHash"]),
            "timestamp_s": int(log["blockTimestamp"], 16),
        }
