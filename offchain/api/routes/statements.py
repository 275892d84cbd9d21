"""Netted statements: who listens on the `statements` channel is asked there, and answers here."""

from fastapi import APIRouter, Request

from offchain.api.bodies.statements import StatementAccepted, StatementRequest
from offchain.api.dependencies import ServicesOf, access_of, for_signature
from offchain.core.errors import InvalidRequest
from offchain.settlement.statement_desk import SignedAnswer

router = APIRouter(prefix="/api/v1", tags=["statements"])


@router.post("/statements", **for_signature("answerStatement"))
async def answer_statement(body: StatementRequest, request: Request, services: ServicesOf) -> StatementAccepted:
    """Takes an account's net result of a batch, and its orders signed anew."""
    access_of(request).take_orders(request, 1)
    ladders = {ladder.market_id: bytes.fromhex(ladder.signature[2:]) for ladder in body.ladders}
    if len(ladders) != len(body.ladders):
        raise InvalidRequest("Two ladders are of one market.", "Sign all renewed orders of a market together.")
    answer = services.statements.answer(
        SignedAnswer(
            bytes.fromhex(body.owner[2:]),
            body.batch,
            bytes.fromhex(body.previous_hash[2:]),
            body.floor,
            bytes.fromhex(body.signature[2:]),
            ladders,
        )
    )
    return StatementAccepted(batch=answer.batch, fills=len(answer.fills))
