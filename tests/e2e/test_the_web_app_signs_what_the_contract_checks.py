"""The page holds its own copy of what wallets sign, so that no server can slip in another. It has to be equal."""

import re
from pathlib import Path

from offchain.chain.typed_data import DOMAIN_NAME, DOMAIN_VERSION, TYPES

SOURCE = (Path(__file__).parents[2] / "frontend/src/wallet/typedData.ts").read_text()
_STRUCT = re.compile(r"^  (\w+): \[\n((?:    \{.*\},\n)+)  \],$", re.MULTILINE)
_FIELD = re.compile(r'\{ name: "(\w+)", type: "(\w+)" \}')


def test_the_structs_are_the_same_field_by_field() -> None:
    structs = {name: dict(_FIELD.findall(fields)) for name, fields in _STRUCT.findall(SOURCE)}
    assert set(structs) == {"Order", "Withdrawal"}
    for name, fields in structs.items():
        assert list(fields.items()) == list(TYPES[name].items())


def test_the_domain_is_the_same() -> None:
    assert f'name: "{DOMAIN_NAME}",\n    version: "{DOMAIN_VERSION}",' in SOURCE
