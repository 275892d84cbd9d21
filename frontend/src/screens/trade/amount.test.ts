import { describe, expect, it } from "vitest";
import type { Asset } from "@/markets/model";
import { readAmount } from "./amount";

const usdc: Asset = {
  id: 2,
  symbol: "USDC",
  token: "0x0000000000000000000000000000000000000001",
  unit: { digits: 1n, scale: 6 },
  unitScale: 1n,
};

describe("an amount", () => {
  it("is read into whole ledger units", () => {
    expect(readAmount(usdc, "12.5", 20_000_000n, "here")).toEqual({ units: 12_500_000n, error: undefined });
  });
  it("says nothing while empty", () => {
    expect(readAmount(usdc, " ", 1n, "here")).toEqual({ units: undefined, error: undefined });
  });
  it.each([
    ["x", "plain number"],
    ["0", "above zero"],
    ["0.0000001", "smallest step of USDC here is 0.000001"],
    ["21", "Only 20 USDC are in your wallet. Lower the amount."],
    ["10000000000000", "more than the exchange can hold"],
  ])("refuses %j and says what to do", (text, message) => {
    expect(readAmount(usdc, text, 20_000_000n, "are in your wallet").error).toContain(message);
  });
});
