import type { Address } from "viem";
import type { Config } from "wagmi";
import { waitForTransactionReceipt, writeContract } from "wagmi/actions";
import { answer, api } from "@/api/client";
import type { SessionKey } from "@/api/types";
import { type Exchange, type Market, steps } from "@/markets/model";
import { forgetKey, type KeyScope, makeKey, markReady } from "./keyStore";
import { SETTLEMENT_ABI } from "./settlement";

/** The limit that the contract does not count down. */
export const UNLIMITED = 2n ** 64n - 1n;
const POLL_MS = 1_000;
/** How long the chain may take until a registered key is final here. */
const PATIENCE_MS = 120_000;

/** What a key may spend, in ledger units, and until when. */
export interface Allowance {
  readonly baseUnits: bigint;
  readonly quoteUnits: bigint;
  readonly lifetimeS: number;
}

export function scopeOf(exchange: Exchange, owner: Address, market: Market): KeyScope {
  return { chainId: exchange.chainId, settlement: exchange.settlement, owner, marketId: market.id };
}

/** Makes a key in this browser, registers it on chain with the wallet, and waits until the exchange takes its orders. */
export async function allowKey(config: Config, exchange: Exchange, owner: Address, market: Market, allow: Allowance) {
  const scope = scopeOf(exchange, owner, market);
  const key = await makeKey(scope);
  const expiry = Math.floor(Date.now() / 1000) + allow.lifetimeS;
  try {
    const hash = await writeContract(config, {
      abi: SETTLEMENT_ABI,
      address: exchange.settlement,
      functionName: "setSessionKey",
      args: [key, market.id, allow.baseUnits, allow.quoteUnits, expiry],
      chainId: exchange.chainId,
    });
    const receipt = await waitForTransactionReceipt(config, { hash });
    if (receipt.status !== "success") throw new Error("The chain refused the key. Nothing was allowed.");
    await untilActive(key);
  } catch (error) {
    await forgetKey(scope);
    throw error;
  }
  await markReady(scope);
}

/** Takes a key back: this browser forgets it at once, the exchange when the chain is final, the contract after that. */
export async function revokeKey(config: Config, exchange: Exchange, owner: Address, market: Market, key: Address) {
  const hash = await writeContract(config, {
    abi: SETTLEMENT_ABI,
    address: exchange.settlement,
    functionName: "requestSessionRevocation",
    args: [key, market.id],
    chainId: exchange.chainId,
  });
  await forgetKey(scopeOf(exchange, owner, market));
  const receipt = await waitForTransactionReceipt(config, { hash });
  if (receipt.status !== "success") throw new Error("The chain did not take the key back. Try again.");
}

/** Whether a key may spend so much more in the market, as far as the exchange knows. */
export async function mayStillSpend(key: Address, market: Market, side: "BUY" | "SELL", units: bigint) {
  const row = await rowOf(key);
  if (row?.status !== "ACTIVE") return false;
  const [asset, { limit, spent, reserved }] = side === "SELL" ? [market.base, row.base] : [market.quote, row.quote];
  if (limit === null) return true;
  return steps(spent, asset.unit) + steps(reserved, asset.unit) + units <= steps(limit, asset.unit);
}

async function rowOf(key: Address): Promise<SessionKey | undefined> {
  const { sessionKeys } = await answer(api.GET("/api/v1/session-keys"));
  return sessionKeys.find((one) => one.key.toLowerCase() === key.toLowerCase());
}

async function untilActive(key: Address): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    if ((await rowOf(key))?.status === "ACTIVE") return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error("The exchange has not seen the key. Take it back, and allow a new one.");
}
