"""The node pool tells a node that is away from one that refuses, and goes to the next when one does not answer."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from offchain.chain.node import BATCH_CALLS_MAX, NodePool, RpcError
from offchain.core.errors import NodeUnavailable


async def _serve(answer) -> TestServer:
    app = web.Application()

    async def handle(request: web.Request) -> web.Response:
        return web.json_response(answer(await request.json()))

    app.router.add_post("/", handle)
    server = TestServer(app)
    await server.start_server()
    return server


def _block(requests):
    return [{"jsonrpc": "2.0", "id": request["id"], "result": "0x10"} for request in reversed(requests)]


async def test_answers_out_of_order_find_their_requests() -> None:
    def answer(requests):
        return [{"id": request["id"], "result": request["params"][0]} for request in reversed(requests)]

    server = await _serve(answer)
    async with NodePool([str(server.make_url("/"))]) as pool:
        count = BATCH_CALLS_MAX * 2 + 1
        assert await pool.batch([("echo", [number]) for number in range(count)]) == list(range(count))
    await server.close()


async def test_the_next_node_answers_when_the_first_is_away() -> None:
    server = await _serve(_block)
    async with NodePool(["http://127.0.0.1:9", str(server.make_url("/"))]) as pool:
        assert await pool.block_number() == 16
    await server.close()


async def test_no_node_at_all_is_unavailable() -> None:
    async with NodePool(["http://127.0.0.1:9"]) as pool:
        with pytest.raises(NodeUnavailable, match="Check that the node runs"):
            await pool.block_number()


@pytest.mark.parametrize("nonsense", [{}, [], [{"id": 77}], "no", [1]])
async def test_an_answer_that_is_no_answer_counts_as_away(nonsense) -> None:
    server = await _serve(lambda _: nonsense)
    async with NodePool([str(server.make_url("/"))]) as pool:
        with pytest.raises(NodeUnavailable):
            await pool.block_number()
    await server.close()


async def test_a_refusal_carries_the_revert_data() -> None:
    def answer(requests):
        return [
            {"id": request["id"], "error": {"code": 3, "message": "reverted", "data": "0x0102"}} for request in requests
        ]

    server = await _serve(answer)
    async with NodePool([str(server.make_url("/"))]) as pool:
        with pytest.raises(RpcError, match="reverted") as refusal:
            await pool.call("eth_call")
        assert refusal.value.data == b"\x01\x02"
        assert [type(result) for result in await pool.batch([("eth_call", [])])] == [RpcError]
    await server.close()
