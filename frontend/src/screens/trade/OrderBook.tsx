import { type KeyboardEvent, memo, useMemo, useRef, useState } from "react";
import type { Order } from "@/api/types";
import { classes } from "@/components/classes";
import { Empty } from "@/components/Empty";
import { fromSteps, larger, percent, toText } from "@/lib/money";
import { type BookSide, groupOf, type Level } from "@/markets/book";
import type { MarketFeed } from "@/markets/feed";
import { type Market, showPrice, showQuantity, steps } from "@/markets/model";
import { useFeedView } from "@/markets/useFeed";
import { useHeight } from "./useHeight";

const ROW_PX = 22;
/** What the ladder needs besides its rows: the heads of the columns and the row of the last price. */
const AROUND_PX = 72;
const GROUPS = [1n, 10n, 100n, 1000n];

interface OrderBookProps {
  market: Market;
  feed: MarketFeed;
  openOrders: readonly Order[];
  onPick: (ticks: bigint) => void;
}

/** The ladder: sells above, buys below, the last price between them. A click or Enter on a row fills the ticket. */
export function OrderBook({ market, feed, openOrders, onPick }: OrderBookProps) {
  const [group, setGroup] = useState(1n);
  const { book, trades, live } = useFeedView(feed);
  const view = useMemo(() => book.view(group), [book, group]);
  const own = useMemo(() => ownPrices(market, openOrders, group), [market, openOrders, group]);
  const frame = useRef<HTMLDivElement>(null);
  const rows = Math.max(1, Math.floor((useHeight(frame) - AROUND_PX) / 2 / ROW_PX));
  const asks = view.asks.slice(0, rows);
  const bids = view.bids.slice(0, rows);
  const deepest = larger(asks.at(-1)?.totalLots ?? 0n, bids.at(-1)?.totalLots ?? 0n);
  const [last, before] = trades;
  return (
    <div ref={frame} className="flex min-h-0 flex-1 flex-col text-xs tabular-nums">
      <div className="flex h-8 shrink-0 items-center px-3 text-2xs text-muted">
        <span className="flex-1">Price ({market.quote.symbol})</span>
        <span className="flex-1 text-right">Size ({market.base.symbol})</span>
        <span className="flex-1 text-right">Total</span>
      </div>
      {live || asks.length + bids.length > 0 ? (
        <>
          <Ladder {...{ market, side: "asks", levels: asks, deepest, own: own.asks, onPick }} />
          <div className="flex h-10 shrink-0 items-center gap-3 border-y border-line px-3">
            <span
              className={classes("text-base font-semibold", last && (last.side === "BUY" ? "text-buy" : "text-sell"))}
            >
              {last ? showPrice(market, last.ticks) : "–"}
            </span>
            <span className="sr-only">{before && last ? (last.ticks >= before.ticks ? "up" : "down") : ""}</span>
            <Spread bid={view.bids[0]?.ticks} ask={view.asks[0]?.ticks} market={market} />
            <GroupChoice market={market} group={group} onGroup={setGroup} />
          </div>
          <Ladder {...{ market, side: "bids", levels: bids, deepest, own: own.bids, onPick }} />
        </>
      ) : (
        <Empty>Waiting for the order book</Empty>
      )}
    </div>
  );
}

function ownPrices(market: Market, orders: readonly Order[], group: bigint): Record<BookSide, Set<bigint>> {
  const own = { bids: new Set<bigint>(), asks: new Set<bigint>() };
  for (const order of orders) {
    if (order.market !== market.symbol || order.armed) continue;
    const side = order.side === "BUY" ? "bids" : "asks";
    own[side].add(groupOf(steps(order.limitPrice, market.tick), side, group));
  }
  return own;
}

function Spread({ bid, ask, market }: { bid: bigint | undefined; ask: bigint | undefined; market: Market }) {
  if (bid === undefined || ask === undefined) return <span className="flex-1 text-2xs text-muted" />;
  return <span className="flex-1 truncate text-2xs text-muted">Spread {showPrice(market, ask - bid)}</span>;
}

interface GroupChoiceProps {
  market: Market;
  group: bigint;
  onGroup: (group: bigint) => void;
}

function GroupChoice({ market, group, onGroup }: GroupChoiceProps) {
  return (
    <select
      aria-label="Group prices by"
      value={String(group)}
      onChange={(event) => onGroup(BigInt(event.target.value))}
      className="h-6 rounded bg-raised px-1 text-2xs text-muted hover:text-text"
    >
      {GROUPS.map((choice) => (
        <option key={choice} value={String(choice)}>
          {toText(fromSteps(choice, market.tick))}
        </option>
      ))}
    </select>
  );
}

interface LadderProps {
  market: Market;
  side: BookSide;
  levels: readonly Level[];
  deepest: bigint;
  own: ReadonlySet<bigint>;
  onPick: (ticks: bigint) => void;
}

/** Arrow keys move between the rows of a side; Tab reaches its best price only. */
function moveFocus(event: KeyboardEvent<HTMLButtonElement>) {
  const row = event.currentTarget;
  const next = { ArrowUp: row.previousElementSibling, ArrowDown: row.nextElementSibling }[event.key];
  if (next instanceof HTMLElement) {
    event.preventDefault();
    next.focus();
  }
}

const Ladder = memo(function Ladder({ market, side, levels, deepest, own, onPick }: LadderProps) {
  const selling = side === "asks";
  const rows = selling ? levels.toReversed() : levels;
  return (
    <fieldset
      aria-label={selling ? "Sell orders" : "Buy orders"}
      className={classes("flex min-h-0 flex-1 flex-col overflow-hidden", selling ? "justify-end" : "justify-start")}
    >
      {rows.length === 0 && (
        <p className="m-auto p-3 text-muted">{selling ? "Nobody sells right now" : "Nobody buys right now"}</p>
      )}
      {rows.map((level) => (
        <button
          key={level.ticks}
          type="button"
          tabIndex={level === levels[0] ? 0 : -1}
          onClick={() => onPick(level.ticks)}
          onKeyDown={moveFocus}
          className="relative flex max-h-7 min-h-5.5 flex-1 shrink-0 items-center px-3 -outline-offset-2 hover:bg-raised"
        >
          <span
            aria-hidden="true"
            className={classes("absolute inset-y-px right-0", selling ? "bg-sell-bar" : "bg-buy-bar")}
            style={{ width: `${percent(level.totalLots, deepest)}%` }}
          />
          {own.has(level.ticks) && (
            <span aria-hidden="true" title="Your order" className="absolute left-1 size-1.5 rounded-full bg-brand" />
          )}
          <span className={classes("relative flex-1 text-left", selling ? "text-sell" : "text-buy")}>
            <span className="sr-only">{selling ? "Sell at " : "Buy at "}</span>
            {showPrice(market, level.ticks)}
          </span>
          <span className="relative flex-1 text-right">{showQuantity(market, level.lots)}</span>
          <span className="relative flex-1 text-right text-muted">{showQuantity(market, level.totalLots)}</span>
          {own.has(level.ticks) && <span className="sr-only">with an order of yours</span>}
        </button>
      ))}
    </fieldset>
  );
});
