import { expect, test } from "vitest";
import { untilLoaded } from "./lazyPart";

test("a part that cannot be fetched is asked for again, ever more slowly, until it comes", async () => {
  const waits: number[] = [];
  let attempts = 0;
  const load = async () => {
    attempts += 1;
    if (attempts <= 6) throw new TypeError("Failed to fetch dynamically imported module");
    return "the part";
  };

  const part = await untilLoaded(load, async (ms) => void waits.push(ms));

  expect(part).toBe("the part");
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000]);
});
