"""The routes, a router for each resource. Order entry is in `offchain.api.order_entry`, the websocket in `.streams`."""

from offchain.api.routes import (
    account,
    markets,
    operation,
    operator,
    orders,
    revenue,
    sale,
    session_keys,
    sessions,
    staking,
    statements,
    system,
    vesting,
    withdrawals,
)

ROUTERS = (
    system.router,
    markets.router,
    sessions.router,
    account.router,
    session_keys.router,
    orders.router,
    withdrawals.router,
    statements.router,
    sale.router,
    vesting.router,
    staking.router,
    revenue.router,
    operator.router,
    operation.router,
)
