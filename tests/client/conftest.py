"""An exchange without a chain, and a client of it."""

from tests.support.chainless_exchange import client, exchange  # noqa: F401 - fixtures
