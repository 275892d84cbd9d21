import type { Address } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import type { Config } from "wagmi";
import { signTypedData } from "wagmi/actions";
import { answer, api } from "@/api/client";
import { ApiError, Unreachable } from "@/api/errors";
import type { Order } from "@/api/types";
import { type Exchange, type Market, priceText, quantityText } from "@/markets/model";
import { canRest, flagsOf, type Instructions, isStop } from "./instructions";
import { forgetKey, readyKey } from "./keyStore";
import { freeLane, IMMEDIATE_LANE, laneOfReplacement, nextSeq } from "./lanes";
import { costOf } from "./orderCost";
import { mayStillSpend, scopeOf } from "./sessionKeys";
import { ORDER_TYPES, signingDomain } from "./typedData";

const RESTING_LIFETIME_S = 30 * 24 * 3_600;
const IMMEDIATE_LIFETIME_S = 600;
const OPEN_ORDERS_MAX = 500;
const ATTEMPTS = 3;
const PAUSE_MS = 700;

export interface Draft {
  readonly market: Market;
  readonly side: "BUY" | "SELL";
  readonly instructions: Instructions;
  readonly ticks: bigint;
  readonly lots: bigint;
  /** The price that a stop waits for. */
  readonly stopTicks: bigint | undefined;
  readonly maxFeeBps: number;
}

const SESSION_INVALID = 2025;
const SESSION_LIMIT = 2026;
const ORDER_EXPIRED = 2004;
/** What an order by a session key can be refused for that an order by the wallet would not be. */
const KEY_REFUSALS = new Set([ORDER_EXPIRED, SESSION_INVALID, SESSION_LIMIT]);
const SIDES = { BUY: 0, SELL: 1 } as const;
/** Lanes of resting orders that are being signed or sent right now, by base asset. */
const lanesInFlight = new Map<number, Set<number>>();

function inFlight(baseId: number): Set<number> {
  const lanes = lanesInFlight.get(baseId) ?? new Set<number>();
  lanesInFlight.set(baseId, lanes);
  return lanes;
}

/** Signs an order with the wallet and places it. Answers what became of it. */
export async function placeOrder(config: Config, exchange: Exchange, owner: Address, draft: Draft) {
  const send = (lane: number) =>
    byKeyOrWallet(exchange, owner, draft, async (key) => {
      const body = await signed(config, exchange, owner, draft, lane, key);
      return persistently(() => answer(api.POST("/api/v1/orders", { body })));
    });
  if (!canRest(draft.instructions)) return send(IMMEDIATE_LANE);
  const open = await answer(
    api.GET("/api/v1/orders", { params: { query: { status: "open", limit: OPEN_ORDERS_MAX } } }),
  );
  const taken = inFlight(draft.market.base.id);
  const lane = freeLane(draft.market, open.orders, exchange.markets, taken);
  taken.add(lane);
  try {
    return await send(lane);
  } finally {
    taken.delete(lane);
  }
}

/** Signs an order with the wallet and places it instead of an open one: both or neither. */
export async function replaceOrder(config: Config, exchange: Exchange, owner: Address, draft: Draft, replaced: Order) {
  const lane = laneOfReplacement(draft.instructions, replaced);
  const params = { path: { order_id: replaced.orderId } };
  return byKeyOrWallet(exchange, owner, draft, async (key) => {
    const body = await signed(config, exchange, owner, draft, lane, key);
    return persistently(() => answer(api.PUT("/api/v1/orders/{order_id}", { params, body })));
  });
}

/** Sends with this browser's session key, if it holds one; what the key may not sign, the wallet is asked to. */
async function byKeyOrWallet<T>(
  exchange: Exchange,
  owner: Address,
  { market, side, ticks, lots, maxFeeBps }: Draft,
  send: (key: PrivateKeyAccount | undefined) => Promise<T>,
): Promise<T> {
  const scope = scopeOf(exchange, owner, market);
  const key = await readyKey(scope);
  const cost = costOf(market, side, ticks, lots, maxFeeBps);
  if (!key || !(await mayStillSpend(key.address, market, side, cost))) return send(undefined);
  try {
    return await send(key);
  } catch (error) {
    if (!(error instanceof ApiError) || !KEY_REFUSALS.has(error.code)) throw error;
    if (error.code === SESSION_INVALID) await forgetKey(scope);
    return send(undefined);
  }
}

/** The order as the API takes it, signed. */
async function signed(
  config: Config,
  exchange: Exchange,
  owner: Address,
  draft: Draft,
  lane: number,
  key: PrivateKeyAccount | undefined,
) {
  const { market, side, instructions, ticks, lots, stopTicks, maxFeeBps } = draft;
  const now = Date.now();
  const lifetime = canRest(instructions) ? RESTING_LIFETIME_S : IMMEDIATE_LIFETIME_S;
  const flags = flagsOf(instructions);
  const expiry = Math.floor(now / 1000) + lifetime;
  const seq = nextSeq(owner, market, localStorage, now);
  const typed = {
    domain: signingDomain(exchange),
    types: ORDER_TYPES,
    primaryType: "Order",
    message: {
      market: market.id,
      side: SIDES[side],
      price: ticks,
      quantity: lots,
      expiry,
      seq,
      lane,
      maxFeeBps,
      flags,
    },
  } as const;
  const signature = await (key ? key.signTypedData(typed) : signTypedData(config, typed));
  return {
    market: market.symbol,
    side,
    ...instructions,
    price: priceText(market, ticks),
    quantity: quantityText(market, lots),
    expiry,
    seq,
    lane,
    maxFeeBps,
    clientOrderId: crypto.randomUUID(),
    owner,
    signature,
    stopPrice: isStop(instructions.type) && stopTicks !== undefined ? priceText(market, stopTicks) : null,
    budget: null,
    flags,
    sessionKey: key?.address ?? null,
    ladder: null,
  };
}

/**
 * Sends again when the exchange did not answer. The client order id makes that safe: an order that was taken the
 * first time is answered with its first result.
 */
async function persistently<T>(send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof Unreachable) || attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt));
    }
  }
}
