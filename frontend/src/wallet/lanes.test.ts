import { describe, expect, it } from "vitest";
import type { Order } from "@/api/types";
import type { Market } from "@/markets/model";
import { freeLane, laneOfReplacement, nextSeq } from "./lanes";

const market = (symbol: string, baseId: number) => ({ symbol, base: { id: baseId } }) as Market;
const open = (symbol: string, lane: number) => ({ market: symbol, lane }) as Order;
const [usdc, dai, other] = [market("BTC-USDC", 3), market("BTC-DAI", 3), market("QTRA-USDC", 1)];
const markets = [usdc, dai, other];

describe("lanes", () => {
  it("starts at 1, since 0 is for immediate orders", () => {
    expect(freeLane(usdc, [], markets, new Set())).toBe(1);
  });
  it("counts every market of the same base asset and no other", () => {
    const orders = [open("BTC-USDC", 1), open("BTC-DAI", 2), open("QTRA-USDC", 3)];
    expect(freeLane(usdc, orders, markets, new Set())).toBe(3);
    expect(freeLane(other, orders, markets, new Set())).toBe(1);
  });
  it("go from a replaced order to its replacement, unless that never rests", () => {
    const resting = { timeInForce: "GTC", type: "LIMIT", postOnly: "NO", selfTradePrevention: "NONE" } as const;
    expect(laneOfReplacement(resting, open("BTC-USDC", 7))).toBe(7);
    expect(laneOfReplacement({ ...resting, timeInForce: "FOK" }, open("BTC-USDC", 7))).toBe(0);
  });
  it("fills gaps, and leaves alone what is just being placed", () => {
    expect(freeLane(usdc, [open("BTC-USDC", 2)], markets, new Set([1]))).toBe(3);
  });
});

class Memory {
  private readonly held = new Map<string, string>();
  getItem(key: string) {
    return this.held.get(key) ?? null;
  }
  setItem(key: string, value: string) {
    this.held.set(key, value);
  }
}

describe("seq", () => {
  it("follows the clock and never repeats, even when the clock goes back", () => {
    const storage = new Memory() as unknown as Storage;
    expect(nextSeq("0xAb", usdc, storage, 1000)).toBe(1000);
    expect(nextSeq("0xaB", dai, storage, 1000)).toBe(1001);
    expect(nextSeq("0xab", usdc, storage, 400)).toBe(1002);
    expect(nextSeq("0xab", other, storage, 400)).toBe(400);
    expect(nextSeq("0xab", usdc, storage, 5000)).toBe(5000);
  });
});
