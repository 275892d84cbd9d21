"""A chain with the exchange's contracts for the tests that need one."""

from collections.abc import AsyncIterator

import pytest

from offchain.chain.keys import LocalSigner
from offchain.chain.node import NodePool
from tests.support.chain import TestExchange, deploy_exchange

ENGINE_KEY = LocalSigner(bytes([7]) * 32)
SUBMITTER_KEY = LocalSigner(bytes([8]) * 32)


@pytest.fixture
async def exchange(node_url: str) -> AsyncIterator[TestExchange]:
    async with NodePool([node_url]) as nodes:
        deployed = await deploy_exchange(nodes, ENGINE_KEY.address)
        await deployed.fund(SUBMITTER_KEY.address)
        yield deployed
