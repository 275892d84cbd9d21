"""What whoever operates the exchange asks it."""

from offchain.api.bodies.base import ApiModel


class ReadyBody(ApiModel):
    """The exchange takes commands and has caught up with the chain."""

    ready: bool
