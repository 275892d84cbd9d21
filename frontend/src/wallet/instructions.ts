/**
 * How an order is to be treated, by name and as the `flags` that a wallet signs. The page holds its own copy; a test
 * keeps it equal to offchain/core/commands.py.
 */
const TIME_IN_FORCE = { GTC: 0, IOC: 1, FOK: 2, FOK_BUDGET: 3 } as const;
const ORDER_TYPE = { LIMIT: 0, MARKET: 1, STOP_LIMIT: 2, STOP_MARKET: 3 } as const;
export const POST_ONLY = { NO: 0, REJECT: 1, SLIDE: 2 } as const;
const SELF_TRADE_PREVENTION = {
  NONE: 0,
  CANCEL_RESTING: 1,
  CANCEL_INCOMING: 2,
  CANCEL_BOTH: 3,
  DECREMENT_AND_CANCEL: 4,
} as const;

export type TimeInForce = keyof typeof TIME_IN_FORCE;
export type OrderType = keyof typeof ORDER_TYPE;
export type PostOnly = keyof typeof POST_ONLY;
export type SelfTradePrevention = keyof typeof SELF_TRADE_PREVENTION;

export interface Instructions {
  readonly timeInForce: TimeInForce;
  readonly type: OrderType;
  readonly postOnly: PostOnly;
  readonly selfTradePrevention: SelfTradePrevention;
}

/** The signed flags: time in force in bits 0 to 2, type in 3 and 4, post-only in 5 and 6, prevention in 7 to 9. */
export function flagsOf({ timeInForce, type, postOnly, selfTradePrevention }: Instructions): number {
  return (
    TIME_IN_FORCE[timeInForce] |
    (ORDER_TYPE[type] << 3) |
    (POST_ONLY[postOnly] << 5) |
    (SELF_TRADE_PREVENTION[selfTradePrevention] << 7)
  );
}

export function isStop(type: OrderType): boolean {
  return type === "STOP_LIMIT" || type === "STOP_MARKET";
}

/** Whether the order may stand in a book or wait as a stop, and so needs a lane of its own. */
export function canRest({ timeInForce, type }: Instructions): boolean {
  return timeInForce === "GTC" || isStop(type);
}
