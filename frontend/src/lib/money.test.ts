import { describe, expect, it } from "vitest";
import {
  affordableLots,
  buyReservationUnits,
  decimal,
  feeUnits,
  floorToSteps,
  fromSteps,
  grouped,
  parseDecimal,
  percent,
  toSteps,
  toText,
  truncate,
} from "./money";

describe("reading decimals", () => {
  it("reads plain decimals exactly", () => {
    expect(parseDecimal("60000.1")).toEqual({ digits: 600001n, scale: 1 });
    expect(parseDecimal(" .5 ")).toEqual({ digits: 5n, scale: 1 });
    expect(parseDecimal("7.")).toEqual({ digits: 7n, scale: 0 });
  });
  it.each(["", ".", "-1", "+1", "1e5", "1,000", "0x10", "1.2.3", "Infinity", "١", "1".repeat(31)])(
    "refuses %j",
    (text) => expect(parseDecimal(text)).toBeUndefined(),
  );
  it("reads the exchange's negative numbers and refuses its nonsense", () => {
    expect(decimal("-0.25")).toEqual({ digits: -25n, scale: 2 });
    expect(() => decimal("NaN")).toThrow("decimal is due");
  });
});

describe("steps", () => {
  const tick = decimal("0.1");
  it("accepts whole multiples only", () => {
    expect(toSteps(decimal("60000.1"), tick)).toBe(600001n);
    expect(toSteps(decimal("60000.10"), tick)).toBe(600001n);
    expect(toSteps(decimal("60000.15"), tick)).toBeUndefined();
    expect(toSteps(decimal("1"), decimal("0.25"))).toBe(4n);
    expect(toSteps(decimal("1"), decimal("0.3"))).toBeUndefined();
  });
  it("rounds down where asked to, and returns to the same text", () => {
    expect(floorToSteps(decimal("60000.19"), tick)).toBe(600001n);
    expect(toText(fromSteps(600001n, tick))).toBe("60000.1");
  });
  it("stays exact where a float would not", () => {
    expect(toSteps(decimal("0.3"), decimal("0.0000000001"))).toBe(3_000_000_000n);
    expect(toText(fromSteps(9_223_372_036_854_775_807n, decimal("0.0000000001")))).toBe("922337203.6854775807");
  });
});

describe("text", () => {
  it("drops trailing zeros down to the decimals asked for", () => {
    expect(toText(decimal("1.500"))).toBe("1.5");
    expect(toText(decimal("1.500"), 2)).toBe("1.50");
    expect(toText(decimal("2.00"))).toBe("2");
    expect(toText(decimal("2"), 2)).toBe("2.00");
    expect(toText({ digits: -5n, scale: 3 })).toBe("-0.005");
  });
  it("parts thousands left of the point only", () => {
    expect(grouped("1234567.12345")).toBe("1,234,567.12345");
    expect(grouped("-1000")).toBe("-1,000");
    expect(grouped("999")).toBe("999");
  });
  it("never shows more than there is", () => {
    expect(toText(truncate(decimal("0.99999"), 2), 2)).toBe("0.99");
    expect(toText(truncate(decimal("-0.99999"), 2), 2)).toBe("-0.99");
  });
});

describe("fees and reservations", () => {
  it("rounds charges up and rebates towards zero", () => {
    expect(feeUnits(1n, 1500n)).toBe(1n);
    expect(feeUnits(1_000_000n, 2500n)).toBe(2500n);
    expect(feeUnits(1_000_001n, 2500n)).toBe(2501n);
    expect(feeUnits(1_000_001n, -100n)).toBe(-100n);
    expect(feeUnits(0n, 2500n)).toBe(0n);
  });
  it("reserves the notional, the capped fee and a unit a lot", () => {
    expect(buyReservationUnits(1_000_000n, 10n, 2500n)).toBe(1_002_510n);
  });
  it("affords the largest quantity and not one lot more", () => {
    for (const available of [1n, 999n, 1_000_000n, 123_456_789n, 9_223_372_036_854_775_807n]) {
      const lots = affordableLots(available, 600_001n, 2500n);
      expect(buyReservationUnits(lots * 600_001n, lots, 2500n) <= available || lots === 0n).toBe(true);
      expect(buyReservationUnits((lots + 1n) * 600_001n, lots + 1n, 2500n) > available).toBe(true);
    }
    expect(affordableLots(-5n, 1n, 0n)).toBe(0n);
  });
  it("gives a share in percent", () => {
    expect(percent(1n, 3n)).toBe(33.33);
    expect(percent(0n, 0n)).toBe(0);
  });
});
