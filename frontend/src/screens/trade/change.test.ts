import { describe, expect, it } from "vitest";
import type { Order } from "@/api/types";
import { decimal } from "@/lib/money";
import type { Market } from "@/markets/model";
import { readChange } from "./change";

const market = {
  tick: decimal("0.1"),
  lot: decimal("0.001"),
  minLots: 10n,
  maxLots: 10_000n,
  maxTicks: 10_000n,
} as Market;
const order = { type: "LIMIT", price: "100", stopPrice: null, remainingQuantity: "0.1" } as Order;
const stop = { ...order, type: "STOP_LIMIT", stopPrice: "99" } as Order;
const input = { price: "100.0", stopPrice: "99", quantity: "0.1" };
const read = (change: Partial<typeof input>, of = order) => readChange(market, of, { ...input, ...change });

describe("a change of an open order", () => {
  it("is none while all is as it was", () => {
    expect(read({}).way).toBeUndefined();
    expect(read({}, stop).way).toBeUndefined();
  });
  it("keeps the order's place when only less remains", () => {
    expect(read({ quantity: "0.05" })).toMatchObject({ way: "amend", lots: 50n });
    expect(read({ quantity: "0.05" }, stop).way).toBe("amend");
  });
  it("is a new order when it is to be more, or at another price", () => {
    expect(read({ quantity: "0.2" }).way).toBe("replace");
    expect(read({ price: "101" })).toMatchObject({ way: "replace", ticks: 1010n });
    expect(read({ price: "101", quantity: "0.05" }).way).toBe("replace");
    expect(read({ stopPrice: "98" }, stop)).toMatchObject({ way: "replace", stopTicks: 980n });
  });
  it.each([
    [{ quantity: "0.009" }, "quantityError", "smallest quantity is 0.01"],
    [{ quantity: "0.0001" }, "quantityError", "steps of 0.001"],
    [{ price: "0" }, "priceError", "above zero"],
  ] as const)("says what is wrong with %j", (change, field, why) => {
    expect(read(change)).toMatchObject({ way: undefined, [field]: expect.stringContaining(why) });
  });
  it("says what is wrong with a stop price, and asks for one of a stop only", () => {
    expect(read({ stopPrice: "98.05" }, stop).stopError).toContain("steps of 0.1");
    expect(read({ stopPrice: "" }, stop).way).toBeUndefined();
    expect(read({ stopPrice: "", quantity: "0.05" }).way).toBe("amend");
  });
});
