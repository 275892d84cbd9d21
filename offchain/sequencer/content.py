"""What makes two requests for an order the same request."""

from hashlib import sha256

from offchain.core.commands import Command


def order_content(command: Command, digest: bytes) -> bytes:
    """The content of a PLACE or REPLACE, 32 bytes: the signed digest, with what is asked for beside the signature.

    A client order id names one content for ever. Beside the signature are a budget, a trigger price and the order that
    is replaced; where there are none, the content is the digest.
    """
    beside = (command.amount, command.counter_amount, command.order_id)
    return sha256(digest + b"%d,%d,%d" % beside).digest() if any(beside) else digest
