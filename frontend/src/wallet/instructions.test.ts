import { describe, expect, it } from "vitest";
import { canRest, flagsOf, type Instructions } from "./instructions";

const plain: Instructions = { timeInForce: "GTC", type: "LIMIT", postOnly: "NO", selfTradePrevention: "NONE" };

describe("the signed flags", () => {
  it("are 0 for a plain limit order", () => {
    expect(flagsOf(plain)).toBe(0);
  });
  it.each([
    [{ timeInForce: "FOK_BUDGET" }, 3],
    [{ type: "STOP_MARKET" }, 24],
    [{ postOnly: "SLIDE" }, 64],
    [{ selfTradePrevention: "DECREMENT_AND_CANCEL" }, 512],
    [{ timeInForce: "IOC", type: "STOP_LIMIT", selfTradePrevention: "CANCEL_BOTH" }, 1 + 16 + 384],
  ] as const)("put %j in its bits", (change, flags) => {
    expect(flagsOf({ ...plain, ...change })).toBe(flags);
  });
});

describe("a lane of its own", () => {
  it("is for what may rest: good till cancelled, or any stop", () => {
    expect(canRest(plain)).toBe(true);
    expect(canRest({ ...plain, timeInForce: "IOC", type: "STOP_MARKET" })).toBe(true);
    expect(canRest({ ...plain, timeInForce: "IOC", type: "MARKET" })).toBe(false);
    expect(canRest({ ...plain, timeInForce: "FOK" })).toBe(false);
  });
});
