import { createContext, useContext } from "react";
import type { Exchange, Market } from "@/markets/model";

const ExchangeContext = createContext<Exchange | undefined>(undefined);

export const ExchangeProvider = ExchangeContext.Provider;

/** What the exchange says of itself. The app renders its screens only once this is known. */
export function useExchange(): Exchange {
  const exchange = useContext(ExchangeContext);
  if (!exchange) throw new Error("useExchange needs an ExchangeProvider above it.");
  return exchange;
}

/** A market by its symbol, such as BTC-USDC. */
export function useMarket(symbol: string): Market | undefined {
  return useExchange().markets.find((market) => market.symbol === symbol);
}
