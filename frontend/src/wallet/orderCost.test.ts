import { describe, expect, it } from "vitest";
import type { Market } from "@/markets/model";
import { costOf } from "./orderCost";

const market = { baseUnitsPerLot: 1_000n, quoteUnitsPerTickLot: 1n } as Market;

describe("what an order of a session key could spend", () => {
  it("is what a sale gives, without its fee", () => {
    expect(costOf(market, "SELL", 600_000n, 7n, 50)).toBe(7_000n);
  });

  it("is what a purchase costs with its fee, rounded up for each lot", () => {
    expect(costOf(market, "BUY", 600_000n, 7n, 50)).toBe(7n * 603_000n);
    expect(costOf(market, "BUY", 101n, 10n, 50)).toBe(10n * 102n);
    expect(costOf(market, "BUY", 100n, 10n, 0)).toBe(1_000n);
  });
});
