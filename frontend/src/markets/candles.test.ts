import { describe, expect, it } from "vitest";
import { type Candle, continued, gather } from "./candles";
import type { Tick } from "./feed";

const tick = (timeS: number, ticks: bigint): Tick => ({
  id: timeS,
  timeMs: timeS * 1000,
  ticks,
  lots: 1n,
  side: "BUY",
});
const candle = (timeS: number, open: bigint, high: bigint, low: bigint, close: bigint, lots: bigint): Candle => ({
  timeS,
  open,
  high,
  low,
  close,
  lots,
});

describe("candles", () => {
  it("gathers minutes into longer stretches", () => {
    const minutes = [candle(0, 3n, 5n, 2n, 4n, 7n), candle(240, 4n, 9n, 4n, 8n, 1n), candle(300, 8n, 8n, 1n, 1n, 2n)];
    expect(gather(minutes, 300)).toEqual([candle(0, 3n, 9n, 2n, 8n, 8n), candle(300, 8n, 8n, 1n, 1n, 2n)]);
    expect(gather([], 60)).toEqual([]);
  });
  it("goes on from the told minutes with the trades held since, counting none twice", () => {
    const told = [candle(0, 1n, 1n, 1n, 1n, 1n), candle(60, 2n, 3n, 2n, 3n, 9n), candle(120, 3n, 3n, 3n, 3n, 1n)];
    const newestFirst = [tick(181, 6n), tick(130, 5n), tick(125, 4n), tick(100, 3n)];
    expect(continued(told, newestFirst)).toEqual([
      told[0],
      told[1],
      candle(120, 4n, 5n, 4n, 5n, 2n),
      candle(180, 6n, 6n, 6n, 6n, 1n),
    ]);
  });
  it("shows what was told while no trade is held", () => {
    const told = [candle(0, 1n, 1n, 1n, 1n, 1n)];
    expect(continued(told, [])).toEqual(told);
  });
});
