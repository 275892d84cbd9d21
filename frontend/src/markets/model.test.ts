import { describe, expect, it } from "vitest";
import type { ExchangeInfo } from "@/api/types";
import { notionalUnits, readExchange, showAmount, showPrice, showQuantity } from "./model";

const info = {
  chainId: 31337,
  network: "local",
  nodeUrl: null,
  confirmations: 2,
  maxFeeBps: 50,
  defaultFees: { makerPpm: -100, takerPpm: 2500 },
  typedData: { domain: { verifyingContract: "0xe7f1725e7734ce288f8367e1bb143e90bb3f0512" } },
  assets: [
    { assetId: 3, symbol: "BTC", token: "0x01", tokenDecimals: 8, unitScale: "1", decimals: 8 },
    { assetId: 4, symbol: "DAI", token: "0x02", tokenDecimals: 18, unitScale: "100000000", decimals: 10 },
  ],
  markets: [
    {
      marketId: 3,
      symbol: "BTC-DAI",
      status: "CANCEL_ONLY",
      killed: false,
      baseAsset: "BTC",
      quoteAsset: "DAI",
      tickSize: "0.01",
      lotSize: "0.00000001",
      maxPrice: "1000000",
      minQuantity: "0.0001",
      maxQuantity: "1000",
      minNotional: "1",
      baseUnitsPerLot: "1",
      quoteUnitsPerTickLot: "1",
      quoteUnitsPerVolumeUnit: "1",
    },
  ],
} as unknown as ExchangeInfo;

describe("the market document", () => {
  const exchange = readExchange(info);
  const [market] = exchange.markets;
  if (!market) throw new Error("no market");

  it("is read into whole numbers", () => {
    expect(market.state).toEqual({ status: "CANCEL_ONLY", killed: false });
    expect(market).toMatchObject({ id: 3, minLots: 10_000n, maxTicks: 100_000_000n, minNotionalUnits: 10n ** 10n });
    expect(market.quote.unitScale).toBe(100_000_000n);
    expect(exchange.defaultFees.makerPpm).toBe(-100n);
  });
  it("prices a quantity exactly", () => {
    expect(notionalUnits(market, 6_000_001n, 10n ** 8n)).toBe(600_000_100_000_000n);
    expect(showAmount(market.quote, 600_000_100_000_000n)).toBe("60,000.01");
  });
  it("shows prices and quantities with all decimals of their steps, amounts never rounded up", () => {
    expect(showPrice(market, 6_000_000n)).toBe("60,000.00");
    expect(showQuantity(market, 150_000_000n)).toBe("1.50000000");
    expect(showAmount(market.quote, 9_999_999_999n)).toBe("0.99999999");
    expect(showAmount(market.quote, 9_999_999_999n, true)).toBe("0.9999999999");
  });
  it("is refused when it contradicts itself", () => {
    expect(() => readExchange({ ...info, assets: info.assets.slice(1) })).toThrow("does not list: BTC");
    const [row] = info.markets;
    const broken = { ...info, markets: [{ ...row, minQuantity: "0.000000001" }] } as ExchangeInfo;
    expect(() => readExchange(broken)).toThrow("not a multiple");
  });
});
