import { describe, expect, it } from "vitest";
import { decimal } from "@/lib/money";
import type { Asset, Market } from "@/markets/model";
import { closedTo, feeCapBps, instructionsOf, readTicket, type TicketContext, type TicketInput } from "./ticket";

const asset = (id: number, symbol: string, scale: number): Asset => ({
  id,
  symbol,
  token: "0x0000000000000000000000000000000000000001",
  unit: { digits: 1n, scale },
  unitScale: 1n,
});
const market: Market = {
  id: 2,
  symbol: "BTC-USDC",
  state: { status: "TRADING", killed: false },
  base: asset(3, "BTC", 8),
  quote: asset(2, "USDC", 6),
  tick: decimal("0.1"),
  lot: decimal("0.00001"),
  baseUnitsPerLot: 1000n,
  quoteUnitsPerTickLot: 1n,
  minLots: 10n,
  maxLots: 1_000_000_000n,
  maxTicks: 100_000_000n,
  minNotionalUnits: 1_000_000n,
};
const context: TicketContext = {
  bestBid: 599_990n,
  bestAsk: 600_010n,
  lastTicks: 600_000n,
  state: market.state,
  availableUnits: 1_000_000_000n,
  takerPpm: 2500n,
  makerPpm: 1500n,
};
const input: TicketInput = {
  side: "BUY",
  type: "LIMIT",
  price: "60000.1",
  stopPrice: "",
  quantity: "0.01",
  postOnly: "NO",
};
const read = (change: Partial<TicketInput>, changed: Partial<TicketContext> = {}) =>
  readTicket(market, { ...input, ...change }, { ...context, ...changed });

describe("the ticket", () => {
  it("reads a limit order into ticks, lots, notional and fee", () => {
    expect(read({})).toMatchObject({
      ticks: 600_001n,
      lots: 1000n,
      notional: 600_001_000n,
      fee: 1_500_003n,
      ready: true,
    });
  });
  it("is not ready and says nothing while fields are empty", () => {
    expect(read({ price: "", quantity: "" })).toMatchObject({
      ready: false,
      priceError: undefined,
      quantityError: undefined,
    });
  });
  it.each([
    [{ price: "60000.15" }, "priceError", "steps of 0.1. Nearest below: 60000.1."],
    [{ price: "abc" }, "priceError", "plain number"],
    [{ price: "0" }, "priceError", "above zero"],
    [{ price: "10000000.1" }, "priceError", "highest price is 10000000.0"],
    [{ quantity: "0.000001" }, "quantityError", "steps of 0.00001"],
    [{ quantity: "0.00001" }, "quantityError", "smallest quantity is 0.0001"],
    [{ quantity: "999999999" }, "quantityError", "largest quantity"],
    [{ price: "1", quantity: "0.0001" }, "quantityError", "worth at least 1 USDC"],
    [{ quantity: "1" }, "quantityError", "deposit USDC"],
  ] as const)("explains what is wrong with %j", (change, field, text) => {
    const reading = read(change);
    expect(reading[field]).toContain(text);
    expect(reading.ready).toBe(false);
  });
  it("lets a person who is not signed in see figures without a balance error", () => {
    expect(read({ quantity: "1" }, { availableUnits: undefined })).toMatchObject({ ready: true, maxLots: 0n });
  });
  it("offers exactly what the balance can pay, fee cap included", () => {
    const { maxLots } = read({});
    const text = (lots: bigint) => `${lots / 100_000n}.${(lots % 100_000n).toString().padStart(5, "0")}`;
    expect(read({ quantity: text(maxLots) }).ready).toBe(true);
    expect(read({ quantity: text(maxLots + 1n) }).quantityError).toContain("available");
  });
  it("sells no more than the base balance holds", () => {
    expect(read({ side: "SELL" }, { availableUnits: 5_999n }).maxLots).toBe(5n);
  });
  it("gives a market order the best opposite price and half a percent", () => {
    expect(read({ type: "MARKET" }).ticks).toBe(603_010n);
    expect(read({ type: "MARKET", side: "SELL" }).ticks).toBe(596_991n);
    expect(read({ type: "MARKET" }, { bestAsk: undefined }).priceError).toContain("Nobody sells right now");
  });
  it("gives a stop without limit 5 % beyond its stop price", () => {
    expect(read({ type: "STOP_MARKET", stopPrice: "61000" })).toMatchObject({ ticks: 640_500n, stopTicks: 610_000n });
    expect(read({ type: "STOP_MARKET", side: "SELL", stopPrice: "59000" }).ticks).toBe(560_500n);
    expect(read({ type: "STOP_MARKET" })).toMatchObject({ ticks: undefined, ready: false });
  });
  it("takes a stop only on the far side of the last price", () => {
    expect(read({ type: "STOP_LIMIT", stopPrice: "60000.1" })).toMatchObject({ stopTicks: 600_001n, ready: true });
    expect(read({ type: "STOP_LIMIT", stopPrice: "60000" }).stopError).toContain("stop price above it");
    expect(read({ type: "STOP_LIMIT", side: "SELL", stopPrice: "60000" }).stopError).toContain("stop price below it");
    expect(read({ type: "STOP_LIMIT", stopPrice: "60000" }, { lastTicks: undefined }).stopError).toBeUndefined();
    expect(read({ type: "STOP_LIMIT" }).ready).toBe(false);
  });
  it("says where a post-only order would match, unless it is to move by itself", () => {
    expect(read({ postOnly: "REJECT", price: "60001" })).toMatchObject({
      ready: false,
      priceError: expect.stringContaining("below"),
    });
    expect(read({ postOnly: "REJECT", price: "60000.9" }).ready).toBe(true);
    expect(read({ postOnly: "SLIDE" }).priceError).toBeUndefined();
    const sell = { side: "SELL", postOnly: "REJECT", price: "59999" } as const;
    expect(read(sell, { availableUnits: undefined }).priceError).toContain("above 59999.0");
  });
  it.each([
    [{ status: "HALT", killed: false }, "NO", "halted"],
    [{ status: "CANCEL_ONLY", killed: false }, "REJECT", "cancels only"],
    [{ status: "POST_ONLY", killed: false }, "NO", "Choose post-only"],
    [{ status: "TRADING", killed: true }, "NO", "stopped by the exchange"],
  ] as const)("is closed while the market is %j", (state, postOnly, why) => {
    expect(closedTo(market, state, postOnly)).toContain(why);
    expect(read({ postOnly }, { state })).toMatchObject({ ready: false, closed: expect.stringContaining(why) });
  });
  it("places post-only orders while the market takes those", () => {
    expect(read({ postOnly: "SLIDE" }, { state: { status: "POST_ONLY", killed: false } }).ready).toBe(true);
  });
  it("lets choices give way that do not go with the order's type", () => {
    const chosen = { type: "LIMIT", timeInForce: "GTC", postOnly: "REJECT", selfTradePrevention: "NONE" } as const;
    expect(instructionsOf(chosen)).toEqual(chosen);
    expect(instructionsOf({ ...chosen, type: "MARKET" })).toMatchObject({ timeInForce: "IOC", postOnly: "NO" });
    expect(instructionsOf({ ...chosen, timeInForce: "FOK" }).postOnly).toBe("NO");
    expect(instructionsOf({ ...chosen, type: "STOP_LIMIT" })).toMatchObject({ timeInForce: "GTC", postOnly: "NO" });
  });
  it("signs the account's present rate as its cap, never above the exchange's limit", () => {
    expect(feeCapBps(context, 50)).toBe(25);
    expect(feeCapBps({ takerPpm: 2501n, makerPpm: 0n }, 50)).toBe(26);
    expect(feeCapBps({ takerPpm: 9000n, makerPpm: 0n }, 50)).toBe(50);
    expect(feeCapBps({ takerPpm: -10n, makerPpm: -20n }, 50)).toBe(0);
  });
});
