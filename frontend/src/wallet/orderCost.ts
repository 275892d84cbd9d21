import type { Market } from "@/markets/model";

const BPS = 10_000n;

/** What an order could spend at most, in ledger units; the fee rounds up a lot, as the exchange counts it. */
export function costOf(market: Market, side: "BUY" | "SELL", ticks: bigint, lots: bigint, maxFeeBps: number): bigint {
  if (side === "SELL") return lots * market.baseUnitsPerLot;
  const notional = ticks * market.quoteUnitsPerTickLot;
  return lots * (notional + (notional * BigInt(maxFeeBps) + BPS - 1n) / BPS);
}
