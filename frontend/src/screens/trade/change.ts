import type { Order } from "@/api/types";
import { type Market, steps } from "@/markets/model";
import { isStop } from "@/wallet/instructions";
import { readPrice, readQuantity } from "./ticket";

export interface ChangeInput {
  readonly price: string;
  readonly stopPrice: string;
  /** What shall remain from now on. */
  readonly quantity: string;
}

export interface ChangeReading {
  readonly ticks: bigint | undefined;
  readonly stopTicks: bigint | undefined;
  readonly lots: bigint | undefined;
  readonly priceError: string | undefined;
  readonly stopError: string | undefined;
  readonly quantityError: string | undefined;
  /** How it is done: less at the same price needs no signature and keeps the place; anything else is a new order. */
  readonly way: "amend" | "replace" | undefined;
}

/** Reads what a person wants of an open order. */
export function readChange(market: Market, order: Order, input: ChangeInput): ChangeReading {
  const price = readPrice(market, input.price);
  const stop = isStop(order.type) ? readPrice(market, input.stopPrice) : {};
  const quantity = readQuantity(market, input.quantity);
  const [ticks, stopTicks, lots] = [price.ticks, stop.ticks, quantity.lots];
  return {
    ticks,
    stopTicks,
    lots,
    priceError: price.error,
    stopError: stop.error,
    quantityError: quantity.error,
    way: wayOf(market, order, ticks, stopTicks, lots),
  };
}

function wayOf(
  market: Market,
  order: Order,
  ticks: bigint | undefined,
  stopTicks: bigint | undefined,
  lots: bigint | undefined,
): ChangeReading["way"] {
  if (ticks === undefined || lots === undefined || (isStop(order.type) && stopTicks === undefined)) return undefined;
  const remaining = steps(order.remainingQuantity, market.lot);
  const samePrice = ticks === steps(order.price, market.tick);
  const sameStop = order.stopPrice === null || stopTicks === steps(order.stopPrice, market.tick);
  if (!samePrice || !sameStop || lots > remaining) return "replace";
  return lots < remaining ? "amend" : undefined;
}
