"""The local chain hands out money, so it is for this machine alone."""

from pathlib import Path

import pytest

from offchain.core.errors import ConfigurationError
from offchain.local.chain import start_chain


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "[::]", "chain.example"])
def test_a_chain_that_others_could_reach_is_not_started(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigurationError, match="open to others"):
        start_chain(f"http://{host}:8545", tmp_path)
