"""Every projection. A new one is a file of this room and a line here, and a migration of its tables."""

from typing import Final

from indexer.project.batches import BATCHES
from indexer.project.funds import FUNDS
from indexer.project.isolated import ISOLATED
from indexer.project.projection import Projection
from indexer.project.requests import REQUESTS
from indexer.project.revenue import REVENUE
from indexer.project.sale import SALE
from indexer.project.sessions import SESSIONS
from indexer.project.staking import STAKING
from indexer.project.tokens import TOKENS
from indexer.project.vesting import VESTING

PROJECTIONS: Final[tuple[Projection, ...]] = (
    FUNDS,
    REQUESTS,
    BATCHES,
    ISOLATED,
    SESSIONS,
    TOKENS,
    SALE,
    VESTING,
    STAKING,
    REVENUE,
)
INDEXED_CONTRACTS: Final = tuple(dict.fromkeys(name for one in PROJECTIONS for name in sorted(one.contracts)))
"""The names of the contracts that some projection reads, the first of them the one that a database belongs to."""
