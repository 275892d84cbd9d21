"""A setting that cannot be used is one clear line that names its variable."""

import pytest

from offchain.core.errors import ConfigurationError
from offchain.core.settings import load_settings


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("QUANTATRADE_PORT", "70000"),
        ("QUANTATRADE_PORT", "many"),
        ("QUANTATRADE_NODE_URLS", "http://127.0.0.1:8545"),
        ("QUANTATRADE_NODE_URLS", '"one"'),
        ("QUANTATRADE_LOG_LEVEL", "LOUD"),
        ("QUANTATRADE_OPERATORS", '["0x12"]'),
    ],
)
def test_a_value_that_cannot_be_used_is_told_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=variable):
        load_settings()
