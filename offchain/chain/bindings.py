"""Contract bindings made from the compiled artifacts: calldata in, return values, logs and custom errors out."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from offchain.chain.typed_data import keccak
from offchain.core.errors import ChainError, ConfigurationError

ARTIFACTS: Final = Path(__file__).parents[2] / ".build" / "__local__.json"
"""Where Ape leaves the compiled contracts (EIP-2678)."""


class Log(dict[str, Any]):
    """The arguments of a decoded event by name, and the event's name."""

    def __init__(self, event: str, arguments: dict[str, Any]) -> None:
        super().__init__(arguments)
        self.event = event


class Contract:
    """The interface of one contract. Addresses are 20 bytes, hashes 32 bytes.

    Functions of one name are told apart by their number of arguments, and views of one name return the same types.
    """

    def __init__(self, name: str, abi: list[dict[str, Any]]) -> None:
        self.name = name
        self.abi = abi
        self.abi_hash = keccak(json.dumps(abi, sort_keys=True, separators=(",", ":")).encode()).hex()
        functions = [row for row in abi if row["type"] == "function"]
        self._functions = {(row["name"], len(row["inputs"])): row for row in functions}
        self._results = {row["name"]: row["outputs"] for row in functions}
        self._events = {_selector_hash(row): row for row in abi if row["type"] == "event"}
        self._errors = {_selector_hash(row)[:4]: row for row in abi if row["type"] == "error"}

    def topic(self, event: str) -> bytes:
        """The first topic of an event's logs."""
        return next(topic for topic, row in self._events.items() if row["name"] == event)

    def encode_call(self, function: str, *arguments: Any) -> bytes:
        """The calldata of a call."""
        row = self._functions[function, len(arguments)]
        encodable = [_encodable(kind, value) for kind, value in zip(_types(row["inputs"]), arguments, strict=True)]
        return _selector_hash(row)[:4] + encode(_types(row["inputs"]), encodable)

    def decode_call(self, calldata: bytes) -> tuple[str, dict[str, Any]]:
        """The function and the arguments by name of calldata.

        Raises:
            ChainError: the calldata is not a call of this contract.
        """
        for row in self._functions.values():
            if _selector_hash(row)[:4] == calldata[:4]:
                return row["name"], _decode(row["inputs"], calldata[4:])
        raise ChainError(f"The calldata 0x{calldata[:4].hex()} is no function of {self.name}.")

    def decode_result(self, function: str, result: bytes) -> tuple[Any, ...]:
        """The return values of a call.

        Raises:
            ChainError: the bytes are not such return values.
        """
        return tuple(_decode(self._results[function], result).values())

    def decode_log(self, topics: Sequence[bytes], data: bytes) -> Log:
        """The event that a log of this contract tells.

        Raises:
            ChainError: the log is of an unknown event, or malformed.
        """
        row = self._events.get(topics[0]) if topics else None
        if row is None:
            raise ChainError(f"The log is no event of {self.name}.", "Compare the deployment with the artifacts.")
        indexed = [field for field in row["inputs"] if field["indexed"]]
        if len(topics) != len(indexed) + 1:
            raise ChainError(f"A {row['name']} log has {len(topics)} topics, not {len(indexed) + 1}.")
        values = _decode([field for field in row["inputs"] if not field["indexed"]], data)
        for field, topic in zip(indexed, topics[1:], strict=True):
            values |= _decode([field], topic)
        return Log(row["name"], {field["name"]: values[field["name"]] for field in row["inputs"]})

    def describe_revert(self, data: bytes) -> str:
        """A revert's custom error with its arguments, or the raw data where it is none of this contract's."""
        row = self._errors.get(data[:4])
        if row is None:
            return f"0x{data.hex()}" if data else "without a reason"
        arguments = _decode(row["inputs"], data[4:])
        return f"{row['name']}({', '.join(f'{name}={_readable(value)}' for name, value in arguments.items())})"


@cache
def load_contract(name: str, artifacts: Path = ARTIFACTS) -> Contract:
    """The bindings of a compiled contract.

    Where the project has an interface `I<name>`, they are the interface's: all that the contract answers to, whatever
    code it hands a call to.

    Raises:
        ConfigurationError: the contracts are not compiled, or there is no such contract.
    """
    try:
        types = json.loads(artifacts.read_bytes())["contractTypes"]
        return Contract(name, types.get(f"I{name}", types[name])["abi"])
    except FileNotFoundError:
        raise ConfigurationError("The contracts are not compiled.", "Run `make build`.") from None
    except KeyError:
        raise ConfigurationError(f"There is no compiled contract {name}.", "Run `make build`.") from None


def _canonical(field: dict[str, Any]) -> str:
    kind: str = field["type"]
    if kind.startswith("tuple"):
        return f"({','.join(_types(field['components']))}){kind.removeprefix('tuple')}"
    return kind


def _types(fields: list[dict[str, Any]]) -> list[str]:
    return [_canonical(field) for field in fields]


def _selector_hash(row: dict[str, Any]) -> bytes:
    return keccak(f"{row['name']}({','.join(_types(row['inputs']))})".encode())


def _decode(fields: list[dict[str, Any]], data: bytes) -> dict[str, Any]:
    try:
        values = decode(_types(fields), data)
    except (DecodingError, OverflowError) as error:
        raise ChainError(f"ABI data cannot be decoded: {error}.") from error
    return {
        field["name"] or str(position): _decoded(field["type"], value)
        for position, (field, value) in enumerate(zip(fields, values, strict=True))
    }


def _encodable(kind: str, value: Any) -> Any:
    return "0x" + value.hex() if kind == "address" and isinstance(value, bytes) else value


def _decoded(kind: str, value: Any) -> Any:
    return bytes.fromhex(value[2:]) if kind == "address" else value


def _readable(value: Any) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
