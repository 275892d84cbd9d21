import { describe, expect, it } from "vitest";
import { decimal } from "@/lib/money";
import type { Market } from "@/markets/model";
import { readReduction } from "./amend";

const market = { lot: decimal("0.001"), minLots: 10n } as Market;

describe("making an order smaller", () => {
  it("reads what shall remain", () => {
    expect(readReduction(market, "0.05", 100n)).toEqual({ lots: 50n });
    expect(readReduction(market, "", 100n)).toEqual({});
  });
  it.each([
    ["0.1", "only become smaller"],
    ["2", "only become smaller"],
    ["0.009", "smallest quantity is 0.01"],
    ["0", "cancel it"],
    ["0.0001", "steps of 0.001"],
    ["few", "plain number"],
  ])("says why %s is none", (text, why) => {
    const reading = readReduction(market, text, 100n);
    expect(reading.lots).toBeUndefined();
    expect(reading.error).toContain(why);
  });
});
