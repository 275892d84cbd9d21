import type { Order } from "@/api/types";
import type { Market } from "@/markets/model";
import { canRest, type Instructions } from "./instructions";

/** Lane of immediate orders: they never rest, so they share it. */
export const IMMEDIATE_LANE = 0;
const LANE_MAX = 65_535;

/** The lane of an order that replaces another: the same, since the one goes as the other comes. */
export function laneOfReplacement(instructions: Instructions, replaced: Order): number {
  return canRest(instructions) ? replaced.lane : IMMEDIATE_LANE;
}

/**
 * The lowest lane that no open order of the same base asset occupies (armed stops too), nor one that is just being
 * placed.
 */
export function freeLane(
  market: Market,
  open: readonly Order[],
  markets: readonly Market[],
  taken: Set<number>,
): number {
  const sameBase = new Set(markets.filter((other) => other.base.id === market.base.id).map((other) => other.symbol));
  const busy = new Set(open.filter((order) => sameBase.has(order.market)).map((order) => order.lane));
  for (let lane = IMMEDIATE_LANE + 1; lane <= LANE_MAX; lane += 1) {
    if (!busy.has(lane) && !taken.has(lane)) return lane;
  }
  throw new Error("All order lanes are in use. Cancel an open order and try again.");
}

/**
 * The next seq of a wallet for a base asset: grows with the clock, so that tabs and devices agree without talking,
 * and never repeats when the clock stands still.
 */
export function nextSeq(owner: string, market: Market, storage: Storage, nowMs: number): number {
  const key = `quantatrade.seq.${owner.toLowerCase()}.${market.base.id}`;
  const last = Number(storage.getItem(key) ?? 0);
  const seq = Math.max(last + 1, nowMs);
  storage.setItem(key, String(seq));
  return seq;
}
