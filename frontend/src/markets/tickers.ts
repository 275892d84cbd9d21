import { useQueries } from "@tanstack/react-query";
import { answer, api } from "@/api/client";
import type { TickerBody } from "@/api/types";
import { useExchange } from "@/app/exchange";
import { percent } from "@/lib/money";
import { type Market, steps } from "./model";

/** A market's last 24 hours. Prices are in ticks, undefined where nothing traded; the volume in quote units. */
export interface Ticker {
  readonly last: bigint | undefined;
  readonly high: bigint | undefined;
  readonly low: bigint | undefined;
  readonly quoteVolume: bigint;
  readonly changePercent: number | undefined;
}

const EVERY_MS = 5_000;

function readTicker(market: Market, body: TickerBody): Ticker {
  const ticks = (price: string | null) => (price === null ? undefined : steps(price, market.tick));
  const [open, last] = [ticks(body.openPrice), ticks(body.lastPrice)];
  return {
    last,
    high: ticks(body.highPrice),
    low: ticks(body.lowPrice),
    quoteVolume: steps(body.quoteVolume, market.quote.unit),
    changePercent: open !== undefined && last !== undefined ? percent(last - open, open) : undefined,
  };
}

/** The last 24 hours of every market, by symbol. */
export function useTickers(): ReadonlyMap<string, Ticker> {
  const { markets } = useExchange();
  return useQueries({
    queries: markets.map(({ symbol }) => ({
      queryKey: ["ticker", symbol],
      queryFn: () => answer(api.GET("/api/v1/markets/{symbol}/ticker", { params: { path: { symbol } } })),
      refetchInterval: EVERY_MS,
    })),
    combine: (results) =>
      new Map(
        results.flatMap(({ data }, index): [string, Ticker][] => {
          const market = markets[index];
          return data && market ? [[market.symbol, readTicker(market, data)]] : [];
        }),
      ),
  });
}
