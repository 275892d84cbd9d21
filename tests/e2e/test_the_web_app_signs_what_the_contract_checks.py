"""The page holds its own copy of what wallets sign, so that no server can slip in another. It has to be equal."""

import re
from pathlib import Path

from offchain.chain.typed_data import DOMAIN_NAME, DOMAIN_VERSION, TYPES
from offchain.core.commands import OrderInstructions, OrderType, PostOnly, SelfTradePrevention, TimeInForce

WALLET = Path(__file__).parents[2] / "frontend/src/wallet"
INSTRUCTIONS = (WALLET / "instructions.ts").read_text()
SOURCE = (WALLET / "typedData.ts").read_text()
_STRUCT = re.compile(r"^  (\w+): \[\n((?:    \{.*\},\n)+)  \],$", re.MULTILINE)
_FIELD = re.compile(r'\{ name: "(\w+)", type: "(\w+)" \}')


def test_the_structs_are_the_same_field_by_field() -> None:
    structs = {name: dict(_FIELD.findall(fields)) for name, fields in _STRUCT.findall(SOURCE)}
    assert set(structs) == {"Order", "Withdrawal"}
    for name, fields in structs.items():
        assert list(fields.items()) == list(TYPES[name].items())


def test_the_domain_is_the_same() -> None:
    assert f'name: "{DOMAIN_NAME}",\n    version: "{DOMAIN_VERSION}",' in SOURCE


def test_the_instructions_in_the_flags_are_the_same() -> None:
    tables = dict(re.findall(r"^(?:export )?const (\w+) = \{([^}]+)\} as const;$", INSTRUCTIONS, re.MULTILINE))
    found = {
        name: {key: int(value) for key, value in re.findall(r"(\w+): (\d)", rows)} for name, rows in tables.items()
    }
    assert found == {
        "TIME_IN_FORCE": {kind.name: kind.value for kind in TimeInForce},
        "ORDER_TYPE": {kind.name: kind.value for kind in OrderType},
        "POST_ONLY": {kind.name: kind.value for kind in PostOnly},
        "SELF_TRADE_PREVENTION": {kind.name: kind.value for kind in SelfTradePrevention},
    }
    shifts = dict(re.findall(r"\((\w+)\[\w+\] << (\d)\)", INSTRUCTIONS))
    assert OrderInstructions(0, 1, 1, 1).flags == sum(1 << int(shift) for shift in shifts.values())
    assert [int(shift) for shift in shifts.values()] == [3, 5, 7]
