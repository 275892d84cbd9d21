import { parseDecimal, toSteps, toText, UNITS_MAX } from "@/lib/money";
import { type Asset, showAmount } from "@/markets/model";

export interface AmountReading {
  readonly units: bigint | undefined;
  readonly error: string | undefined;
}

/** Reads an amount that a person typed against what there is. `from` says where it is taken from. */
export function readAmount(asset: Asset, text: string, available: bigint | undefined, from: string): AmountReading {
  if (text.trim() === "") return { units: undefined, error: undefined };
  const value = parseDecimal(text);
  const fail = (error: string) => ({ units: undefined, error });
  if (!value) return fail("Enter a plain number such as 12.5.");
  const units = toSteps(value, asset.unit);
  if (units === undefined) return fail(`The smallest step of ${asset.symbol} here is ${toText(asset.unit)}.`);
  if (units === 0n) return fail("Enter an amount above zero.");
  if (units > UNITS_MAX) return fail("That is more than the exchange can hold of one asset.");
  if (available !== undefined && units > available) {
    return fail(`Only ${showAmount(asset, available, true)} ${asset.symbol} ${from}. Lower the amount.`);
  }
  return { units, error: undefined };
}
