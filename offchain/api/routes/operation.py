"""For whoever operates the exchange: whether it is ready, and its metrics."""

from fastapi import APIRouter
from fastapi.responses import Response

from offchain.api.bodies.operation import ReadyBody
from offchain.api.dependencies import ServicesOf, for_metrics, public
from offchain.core.errors import ServiceUnavailable

router = APIRouter(tags=["operation"])
_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/ready", **public("getReady"))
async def read_ready(services: ServicesOf) -> ReadyBody:
    """Whether the exchange takes commands and has caught up with the chain; 503 until then, and while it is halted."""
    if services.sequencer.halted is not None:
        raise ServiceUnavailable("The exchange is halted.", "A person has to look.")
    status = services.indexer.status()
    if not status.ready:
        raise ServiceUnavailable(
            f"The indexer is at block {status.head} of {status.node_head} and has not caught up.", "Ask again soon."
        )
    return ReadyBody(ready=True)


@router.get("/metrics", **for_metrics("getMetrics"), response_class=Response)
async def read_metrics(services: ServicesOf) -> Response:
    """The indexer's metrics in Prometheus' text format."""
    return Response(services.indexer.metrics(), media_type=_PROMETHEUS)
