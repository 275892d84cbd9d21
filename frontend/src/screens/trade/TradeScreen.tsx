import { type RefObject, Suspense, useCallback, useMemo, useRef, useState } from "react";
import { useOpenOrders } from "@/api/queries";
import { ErrorBoundary } from "@/app/ErrorBoundary";
import { useMarket } from "@/app/exchange";
import { NotFound } from "@/app/NotFound";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { Panel } from "@/components/Panel";
import { Segmented } from "@/components/Segmented";
import { Tabs } from "@/components/Tabs";
import { lazyPart } from "@/lib/lazyPart";
import type { MarketFeed } from "@/markets/feed";
import { type Market, priceText } from "@/markets/model";
import { useMarketFeed } from "@/markets/useFeed";
import { Funds } from "./Funds";
import { MarketBar } from "./MarketBar";
import { OrderBook } from "./OrderBook";
import { OrdersPanel } from "./OrdersPanel";
import { Ticket, type TicketFields } from "./Ticket";
import { TradeTape } from "./TradeTape";
import type { Side } from "./ticket";
import { useInView } from "./useInView";
import { useWide } from "./useWide";

const Chart = lazyPart(() => import("./Chart"));

const LENGTHS = [
  { value: "60", label: "1 m" },
  { value: "300", label: "5 m" },
  { value: "900", label: "15 m" },
  { value: "3600", label: "1 h" },
] as const;
type Length = (typeof LENGTHS)[number]["value"];

export default function TradeScreen({ symbol }: { symbol: string }) {
  const market = useMarket(symbol);
  return market ? <Trade market={market} /> : <NotFound />;
}

function Trade({ market }: { market: Market }) {
  const feed = useMarketFeed(market);
  const wide = useWide();
  const ticket = useRef<HTMLDivElement>(null);
  const [fields, setFields] = useState<TicketFields>({ side: "BUY", price: "" });
  const { data } = useOpenOrders();
  const openOrders = useMemo(() => data?.orders ?? [], [data]);
  const pick = useCallback(
    (ticks: bigint) => setFields((now) => ({ ...now, price: priceText(market, ticks) })),
    [market],
  );
  const begin = (side: Side) => {
    setFields((now) => ({ ...now, side }));
    ticket.current?.scrollIntoView({ behavior: "smooth", block: "start" });
  };
  const chart = <ChartPanel market={market} feed={feed} />;
  const book = (
    <ErrorBoundary what="order book">
      <OrderBook {...{ market, feed, openOrders, onPick: pick }} />
    </ErrorBoundary>
  );
  const tape = <TradeTape market={market} feed={feed} />;
  return (
    <main
      id="screen"
      className="grid flex-1 grid-cols-[minmax(0,1fr)] content-start gap-1.5 pb-20 lg:h-[calc(100dvh-3.5rem)] lg:min-h-190 lg:flex-none lg:grid-cols-[minmax(0,1fr)_18.5rem_20rem] lg:grid-rows-[auto_minmax(0,1fr)_17rem] lg:p-1.5 lg:pb-1.5"
    >
      <MarketBar market={market} feed={feed} />
      {wide ? (
        <>
          <Panel label="Chart" className="col-start-1 row-start-2">
            {chart}
          </Panel>
          <div className="col-start-2 row-span-2 row-start-2 grid min-h-0 grid-rows-[minmax(0,3fr)_minmax(0,2fr)] gap-1.5">
            <Panel label="Order book" title="Order book">
              {book}
            </Panel>
            <Panel label="Trades" title="Trades">
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: without it the keyboard cannot scroll the tape */}
              <div tabIndex={0} className="min-h-0 flex-1 overflow-y-auto -outline-offset-2">
                {tape}
              </div>
            </Panel>
          </div>
        </>
      ) : (
        <Panel label="Market data">
          <Tabs
            label="Market data"
            className="h-120"
            tabs={[
              { id: "book", label: "Order book", content: <div className="flex h-full flex-col">{book}</div> },
              { id: "chart", label: "Chart", content: chart },
              { id: "trades", label: "Trades", content: tape },
            ]}
          />
        </Panel>
      )}
      <div
        ref={ticket}
        className="grid min-h-0 auto-rows-max scroll-mt-2 content-start gap-1.5 lg:col-start-3 lg:row-span-3 lg:row-start-1 lg:overflow-y-auto"
      >
        <Panel label="Order ticket">
          <Ticket {...{ market, feed, fields, onFields: setFields }} />
        </Panel>
        <Panel label="Funds" title="Balances">
          <Funds market={market} />
        </Panel>
      </div>
      <Panel label="Your orders" className="min-h-64 lg:col-start-1 lg:row-start-3 lg:min-h-0">
        <OrdersPanel symbol={market.symbol} />
      </Panel>
      {!wide && <QuickBar market={market} ticket={ticket} onSide={begin} />}
    </main>
  );
}

function ChartPanel({ market, feed }: { market: Market; feed: MarketFeed }) {
  const [length, setLength] = useState<Length>("60");
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex h-10 shrink-0 items-center border-b border-line px-3">
        <Segmented label="Candle length" choices={LENGTHS} value={length} onValue={setLength} size="small" />
      </div>
      <div className="relative min-h-0 flex-1">
        <ErrorBoundary what="chart">
          <Suspense fallback={<Empty>Loading the chart</Empty>}>
            <Chart market={market} feed={feed} lengthS={Number(length)} />
          </Suspense>
        </ErrorBoundary>
      </div>
    </div>
  );
}

interface QuickBarProps {
  market: Market;
  ticket: RefObject<HTMLElement | null>;
  onSide: (side: Side) => void;
}

/** On a phone the ticket is a scroll away: these stay in reach of the thumb. */
function QuickBar({ market, ticket, onSide }: QuickBarProps) {
  if (useInView(ticket)) return null;
  return (
    <div className="fixed inset-x-0 bottom-0 z-30 grid grid-cols-2 gap-2 border-t border-line bg-panel p-2 pb-[max(0.5rem,env(safe-area-inset-bottom))]">
      <Button tone="buy" size="large" onClick={() => onSide("BUY")}>
        Buy {market.base.symbol}
      </Button>
      <Button tone="sell" size="large" onClick={() => onSide("SELL")}>
        Sell {market.base.symbol}
      </Button>
    </div>
  );
}
