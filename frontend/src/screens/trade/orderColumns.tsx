import type { Fill, Order } from "@/api/types";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { classes } from "@/components/classes";
import type { Column } from "@/components/Table";
import { decimal, grouped, percent, toText } from "@/lib/money";
import { when } from "@/lib/time";
import { type Market, showPrice, showQuantity, steps } from "@/markets/model";
import type { Cancel } from "./useCancel";

type Markets = readonly Market[];
type OrderColumn = Column<Order>;

const STATUS: Record<Order["status"], string> = {
  PENDING_NEW: "Sent",
  NEW: "Open",
  PARTIALLY_FILLED: "Partly filled",
  FILLED: "Filled",
  CANCELLED: "Cancelled",
  REJECTED: "Refused",
  EXPIRED: "Expired",
};

const SETTLEMENT: Record<Fill["settlement"], [label: string, tone: "plain" | "good" | "bad" | "active"]> = {
  PENDING: ["Settling", "active"],
  SETTLED: ["Settled on chain", "good"],
  UNWOUND: ["Taken back", "bad"],
};

function marketOf(markets: Markets, symbol: string): Market {
  const market = markets.find((candidate) => candidate.symbol === symbol);
  if (!market) throw new Error(`The exchange names a market that it does not list: ${symbol}`);
  return market;
}

const price = (markets: Markets, symbol: string, text: string) => {
  const market = marketOf(markets, symbol);
  return showPrice(market, steps(text, market.tick));
};

const quantity = (markets: Markets, symbol: string, text: string) => {
  const market = marketOf(markets, symbol);
  return showQuantity(market, steps(text, market.lot));
};

const money = (text: string) => grouped(toText(decimal(text), 2));

function SideName({ side }: { side: "BUY" | "SELL" }) {
  return (
    <span className={classes("font-medium", side === "BUY" ? "text-buy" : "text-sell")}>
      {side === "BUY" ? "Buy" : "Sell"}
    </span>
  );
}

const TYPES: Record<Order["type"], string> = {
  LIMIT: "Limit",
  MARKET: "Market",
  STOP_LIMIT: "Stop limit",
  STOP_MARKET: "Stop market",
};

/** What kind of order it is; of a stop, the price that it waits for. */
function typeOf(markets: Markets, { type, market, side, stopPrice, postOnly }: Order): string {
  if (stopPrice !== null) return `${TYPES[type]} ${side === "BUY" ? "≥" : "≤"} ${price(markets, market, stopPrice)}`;
  return postOnly === "NO" ? TYPES[type] : "Post-only";
}

function filledShare(markets: Markets, order: Order): string {
  const { lot } = marketOf(markets, order.market);
  return `${Math.floor(percent(steps(order.filledQuantity, lot), steps(order.quantity, lot)))} %`;
}

function common(markets: Markets): OrderColumn[] {
  return [
    { title: "Market", cell: (order) => <span className="font-medium">{order.market}</span> },
    { title: "Side", cell: (order) => <SideName side={order.side} /> },
    { title: "Type", cell: (order) => typeOf(markets, order), wide: true },
    { title: "Price", cell: (order) => price(markets, order.market, order.limitPrice), figure: true },
    { title: "Quantity", cell: (order) => quantity(markets, order.market, order.quantity), figure: true },
    { title: "Filled", cell: (order) => filledShare(markets, order), figure: true, wide: true },
  ];
}

const placedAt: OrderColumn = {
  title: "Time",
  cell: (order) => <span className="text-muted">{when(order.createdAtMs)}</span>,
  wide: true,
};

export function openColumns(markets: Markets, cancel: Cancel, onChange: (orderId: number) => void): OrderColumn[] {
  return [
    placedAt,
    ...common(markets),
    { title: "Status", cell: (order) => (order.armed ? "Waiting" : STATUS[order.status]), wide: true },
    {
      title: "Action",
      figure: true,
      cell: (order) => (
        <span className="inline-flex gap-1.5">
          <Button
            size="small"
            tone="ghost"
            onClick={() => onChange(order.orderId)}
            aria-label={`Change ${named(order)}`}
          >
            Change
          </Button>
          <Button
            size="small"
            busy={cancel.isPending && cancel.variables === order.orderId}
            onClick={() => cancel.mutate(order.orderId)}
            aria-label={`Cancel ${named(order)}`}
          >
            Cancel
          </Button>
        </span>
      ),
    },
  ];
}

function named(order: Order): string {
  return `${order.side === "BUY" ? "buy" : "sell"} order of ${order.quantity} in ${order.market} at ${order.price}`;
}

export function historyColumns(markets: Markets): OrderColumn[] {
  return [
    placedAt,
    ...common(markets),
    { title: "Fees", cell: (order) => money(order.fee), figure: true, wide: true },
    { title: "Status", cell: endOf, figure: true },
  ];
}

const REASONS: Record<string, string> = {
  SELF_TRADE: "Met own order",
  FOK_KILLED: "Not fillable whole",
  HALTED: "Market halted",
  KILLED: "Stopped by the exchange",
  REPLACED: "Replaced",
};

function endOf({ status, cancelReason }: Order): string {
  return REASONS[cancelReason ?? ""] ?? STATUS[status];
}

export function fillColumns(markets: Markets): Column<Fill>[] {
  return [
    { title: "Time", cell: (fill) => <span className="text-muted">{when(fill.timestampMs)}</span>, wide: true },
    { title: "Market", cell: (fill) => <span className="font-medium">{fill.market}</span> },
    { title: "Side", cell: (fill) => <SideName side={fill.side} /> },
    { title: "Price", cell: (fill) => price(markets, fill.market, fill.price), figure: true },
    { title: "Quantity", cell: (fill) => quantity(markets, fill.market, fill.quantity), figure: true },
    { title: "Value", cell: (fill) => money(fill.notional), figure: true, wide: true },
    { title: "Fee", cell: (fill) => `${money(fill.fee)} ${fill.feeAsset}`, figure: true, wide: true },
    { title: "Role", cell: (fill) => (fill.role === "MAKER" ? "Maker" : "Taker"), wide: true },
    {
      title: "Settlement",
      figure: true,
      cell: ({ settlement, settledBatch }) => {
        const [label, tone] = SETTLEMENT[settlement];
        return (
          <Badge tone={tone} title={settledBatch === null ? label : `Batch ${settledBatch}`}>
            {label}
          </Badge>
        );
      },
    },
  ];
}
