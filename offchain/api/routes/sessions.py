"""Sign-in, renewal and sign-out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, status

from offchain.api.bodies.sessions import NonceBody, NonceRequest, RefreshRequest, SessionBody, SignInRequest
from offchain.api.dependencies import PrincipalOf, access_of, for_session, public, services_of, sign_in_of, tokens_of
from offchain.api.sign_in import SignIn
from offchain.api.tokens import SessionTokens, TokenPair
from offchain.api.views import hex_text, milliseconds

router = APIRouter(prefix="/api/v1/auth", tags=["sessions"])
SignInOf = Annotated[SignIn, Depends(sign_in_of)]
TokensOf = Annotated[SessionTokens, Depends(tokens_of)]


@router.post("/nonce", **public("createNonce"))
def create_nonce(body: NonceRequest, request: Request, sign_in: SignInOf) -> NonceBody:
    """A nonce, and the EIP-4361 message that holds it, for the wallet to sign within five minutes."""
    access_of(request).take_sign_in(request)
    challenge = sign_in.challenge(body.address, request.headers.get("host", ""))
    return NonceBody(
        nonce=challenge.nonce,
        message=challenge.message,
        domain=challenge.domain,
        uri=challenge.uri,
        chain_id=services_of(request).manifest.chain_id,
        expires_at_ms=milliseconds(challenge.expires_at_us),
    )


@router.post("/sign-in", **public("signIn"))
def sign_in_with_wallet(body: SignInRequest, request: Request, sign_in: SignInOf) -> SessionBody:
    """A session for a signed message."""
    access_of(request).take_sign_in(request)
    return _session(sign_in.sign_in(body.message, body.signature))


@router.post("/refresh", **public("refreshSession"))
def refresh_session(body: RefreshRequest, request: Request, tokens: TokensOf) -> SessionBody:
    """A new pair of tokens; the refresh token is used up."""
    access_of(request).take_sign_in(request)
    return _session(tokens.refresh(body.refresh_token))


@router.post("/sign-out", status_code=status.HTTP_204_NO_CONTENT, **for_session("signOut"))
def sign_out(principal: PrincipalOf, tokens: TokensOf) -> None:
    """Ends the session; its tokens stop working at once."""
    tokens.end(principal)


def _session(pair: TokenPair) -> SessionBody:
    return SessionBody(
        owner=hex_text(pair.owner),
        access_token=pair.access,
        access_token_expires_at_ms=milliseconds(pair.access_expires_at_us),
        refresh_token=pair.refresh,
        refresh_token_expires_at_ms=milliseconds(pair.refresh_expires_at_us),
    )
