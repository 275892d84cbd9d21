import { describe, expect, it } from "vitest";
import { ApiError, explain, isDeclined, Unreachable } from "./errors";

const declined = Object.assign(new Error("User rejected the request."), {
  shortMessage: "User rejected the request.",
  cause: Object.assign(new Error("no"), { code: 4001 }),
});

describe("explaining errors", () => {
  it("gives the exchange's own words and what to do", () => {
    const error = new ApiError({
      code: 2001,
      name: "BAD_PRICE",
      message: "BTC-USDC price 1.05 is not a multiple of 0.1.",
      nextStep: "Round it to a multiple.",
      requestId: "a-1",
    });
    expect(explain(error)).toBe("BTC-USDC price 1.05 is not a multiple of 0.1. Round it to a multiple.");
  });
  it("says that nothing was sent when a person declined, however deep the wallet hides it", () => {
    expect(explain(declined)).toBe("You declined in your wallet. Nothing was sent.");
    expect(isDeclined(declined)).toBe(true);
  });
  it("tells of a request that still waits in the wallet", () => {
    expect(explain(Object.assign(new Error("busy"), { code: -32002 }))).toContain("Open it and answer there");
  });
  it("adds what the node said to what a library sums up", () => {
    const error = Object.assign(new Error("long"), {
      shortMessage: "An unknown RPC error occurred.",
      details: "nonce too low",
    });
    expect(explain(error)).toBe("An unknown RPC error occurred. nonce too low");
    expect(isDeclined(error)).toBe(false);
  });
  it("keeps silence apart from refusal", () => {
    expect(explain(new Unreachable())).toContain("does not answer");
  });
});
