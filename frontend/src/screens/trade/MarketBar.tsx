import * as Menu from "@radix-ui/react-dropdown-menu";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { MarketStatus } from "@/api/types";
import { useExchange } from "@/app/exchange";
import { Badge } from "@/components/Badge";
import { classes } from "@/components/classes";
import { ChevronDownIcon } from "@/components/icons";
import { fromSteps, grouped, toText, truncate } from "@/lib/money";
import type { MarketFeed } from "@/markets/feed";
import { type Market, showPrice } from "@/markets/model";
import { type Ticker, useTickers } from "@/markets/tickers";
import { useFeedView } from "@/markets/useFeed";

const VOLUME_DECIMALS = 2;
const STATES: Record<MarketStatus, string> = {
  TRADING: "Trading",
  HALT: "Halted",
  CANCEL_ONLY: "Cancel only",
  POST_ONLY: "Post-only",
};

/** Which market this is, what it costs, and what it did in the last day. */
export function MarketBar({ market, feed }: { market: Market; feed: MarketFeed }) {
  const { trades, state } = useFeedView(feed);
  const ticker = useTickers().get(market.symbol);
  const last = trades[0];
  const title = last ? `${showPrice(market, last.ticks)} ${market.symbol}` : market.symbol;
  return (
    <section
      aria-label="Market"
      className="flex min-w-0 items-center gap-5 overflow-x-auto bg-panel px-3 py-2 [scrollbar-width:none] lg:col-span-2 lg:rounded-xl"
    >
      <title>{`${title} · QuantaTrade`}</title>
      <MarketMenu market={market} />
      {(state.killed || state.status !== "TRADING") && (
        <Badge tone="bad">{state.killed ? "Stopped" : STATES[state.status]}</Badge>
      )}
      <span
        data-testid="last-price"
        className={classes(
          "text-xl font-semibold tracking-tight tabular-nums",
          last && (last.side === "BUY" ? "text-buy" : "text-sell"),
        )}
      >
        {last ? showPrice(market, last.ticks) : "–"}
      </span>
      <dl className="flex gap-5 text-xs whitespace-nowrap tabular-nums">
        <Figure name="24 h change">
          <Change ticker={ticker} />
        </Figure>
        <Figure name="24 h high">{price(market, ticker?.high)}</Figure>
        <Figure name="24 h low">{price(market, ticker?.low)}</Figure>
        <Figure name={`24 h volume (${market.quote.symbol})`}>
          {ticker ? volume(market, ticker.quoteVolume) : "–"}
        </Figure>
      </dl>
    </section>
  );
}

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid gap-0.5">
      <dt className="text-2xs text-muted">{name}</dt>
      <dd className="font-medium">{children}</dd>
    </div>
  );
}

function Change({ ticker }: { ticker: Ticker | undefined }) {
  if (ticker?.changePercent === undefined) return "–";
  const { changePercent } = ticker;
  return (
    <span className={classes(changePercent < 0 && "text-sell", changePercent > 0 && "text-buy")}>
      {changePercent > 0 && "+"}
      {changePercent.toFixed(2)} %
    </span>
  );
}

function price(market: Market, ticks: bigint | undefined): string {
  return ticks === undefined ? "–" : showPrice(market, ticks);
}

function volume({ quote }: Market, units: bigint): string {
  return grouped(toText(truncate(fromSteps(units, quote.unit), VOLUME_DECIMALS), VOLUME_DECIMALS));
}

function MarketMenu({ market }: { market: Market }) {
  const { markets } = useExchange();
  const tickers = useTickers();
  const navigate = useNavigate();
  return (
    <Menu.Root>
      <Menu.Trigger className="flex h-10 items-center gap-2 rounded-lg px-2 text-base font-semibold whitespace-nowrap hover:bg-raised">
        <h1>
          {market.base.symbol}
          <span className="text-muted">/{market.quote.symbol}</span>
        </h1>
        <ChevronDownIcon />
        <span className="sr-only">Change market</span>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content
          align="start"
          sideOffset={6}
          className="z-50 w-80 rounded-xl border border-line bg-panel p-1.5 text-[0.8125rem] shadow-xl"
        >
          <div className="flex px-3 py-1.5 text-2xs text-muted">
            <span className="flex-1">Market</span>
            <span className="flex-1 text-right">Last price</span>
            <span className="flex-1 text-right">24 h change</span>
          </div>
          {markets.map((choice) => {
            const ticker = tickers.get(choice.symbol);
            return (
              <Menu.Item
                key={choice.symbol}
                onSelect={() => void navigate({ to: "/trade/$symbol", params: { symbol: choice.symbol } })}
                className={classes(
                  "flex h-10 cursor-pointer items-center rounded-lg px-3 tabular-nums outline-none data-highlighted:bg-raised",
                  choice.symbol === market.symbol && "bg-brand-soft",
                )}
              >
                <span className="flex-1 font-medium">{choice.symbol}</span>
                <span className="flex-1 text-right">{price(choice, ticker?.last)}</span>
                <span className="flex-1 text-right">
                  <Change ticker={ticker} />
                </span>
              </Menu.Item>
            );
          })}
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}
