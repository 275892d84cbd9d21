import { parseDecimal, toSteps, toText } from "@/lib/money";
import { type Market, quantityText } from "@/markets/model";

export interface ReductionReading {
  readonly lots?: bigint;
  readonly error?: string | undefined;
}

/** Reads what shall remain of an open order: less than now, and no less than the market takes. */
export function readReduction(market: Market, text: string, remaining: bigint): ReductionReading {
  if (text.trim() === "") return {};
  const value = parseDecimal(text);
  if (!value) return { error: "Enter a plain number such as 0.25." };
  const lots = toSteps(value, market.lot);
  if (lots === undefined) return { error: `Quantities move in steps of ${toText(market.lot)}.` };
  if (lots >= remaining) return { error: "An open order can only become smaller. To raise it, place another one." };
  if (lots < market.minLots || lots === 0n) {
    return { error: `The smallest quantity is ${quantityText(market, market.minLots)}. To have none, cancel it.` };
  }
  return { lots };
}
