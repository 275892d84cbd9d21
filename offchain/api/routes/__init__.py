"""The routes, a router for each resource. Order entry is in `offchain.api.order_entry`, the websocket in `.streams`."""

from offchain.api.routes import account, markets, operator, orders, sessions, system, withdrawals

ROUTERS = (
    system.router,
    markets.router,
    sessions.router,
    account.router,
    orders.router,
    withdrawals.router,
    operator.router,
)
