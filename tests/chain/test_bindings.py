"""Bindings speak of functions as Solidity does: several may have one name."""

import pytest

from offchain.chain.bindings import Contract
from offchain.core.errors import ChainError

UINT = {"name": "", "type": "uint256"}
OVERLOADED = Contract(
    "Overloaded",
    [
        {"type": "function", "name": "claim", "inputs": [], "outputs": []},
        {"type": "function", "name": "claim", "inputs": [{"name": "reward", "type": "uint8"}], "outputs": []},
        {"type": "function", "name": "raisedOf", "inputs": [UINT], "outputs": [UINT]},
        {"type": "function", "name": "raisedOf", "inputs": [UINT, UINT], "outputs": [UINT]},
    ],
)


def test_functions_of_one_name_are_told_apart_by_their_arguments() -> None:
    without, with_one = OVERLOADED.encode_call("claim"), OVERLOADED.encode_call("claim", 2)
    assert without[:4] != with_one[:4]
    assert OVERLOADED.decode_call(without) == ("claim", {})
    assert OVERLOADED.decode_call(with_one) == ("claim", {"reward": 2})
    assert len(OVERLOADED.encode_call("raisedOf", 1, 2)) == 4 + 64


def test_views_of_one_name_return_the_same() -> None:
    assert OVERLOADED.decode_result("raisedOf", (7).to_bytes(32, "big")) == (7,)


def test_calldata_of_no_function_is_refused() -> None:
    with pytest.raises(ChainError, match="0x01020304 is no function of Overloaded"):
        OVERLOADED.decode_call(bytes([1, 2, 3, 4]))
