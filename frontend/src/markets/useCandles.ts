import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { answer, api } from "@/api/client";
import { type Candle, continued, gather } from "./candles";
import type { Tick } from "./feed";
import { type Market, steps } from "./model";

const MINUTE_MS = 60_000;
const HISTORY_MINUTES = 1_000;
const HISTORY_EVERY_MS = 60_000;

/** A market's candles up to now. */
export function useCandles(market: Market, trades: readonly Tick[], lengthS: number): Candle[] {
  const { symbol, tick, lot } = market;
  const { data: minutes } = useQuery({
    queryKey: ["candles", symbol],
    queryFn: async (): Promise<Candle[]> => {
      const sinceMs = Date.now() - HISTORY_MINUTES * MINUTE_MS;
      const { candles } = await answer(
        api.GET("/api/v1/markets/{symbol}/candles", {
          params: { path: { symbol }, query: { sinceMs, limit: HISTORY_MINUTES } },
        }),
      );
      return candles.map((candle) => ({
        timeS: candle.openTimeMs / 1000,
        open: steps(candle.open, tick),
        high: steps(candle.high, tick),
        low: steps(candle.low, tick),
        close: steps(candle.close, tick),
        lots: steps(candle.volume, lot),
      }));
    },
    refetchInterval: HISTORY_EVERY_MS,
    structuralSharing: false,
  });
  return useMemo(() => gather(continued(minutes ?? [], trades), lengthS), [minutes, trades, lengthS]);
}
