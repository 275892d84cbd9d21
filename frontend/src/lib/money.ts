/**
 * Money is whole numbers. A decimal from the API or from a person becomes a bigint of units, ticks or lots here, and
 * goes back to text here; nothing in between ever is a JavaScript float.
 */

/** An exact decimal: digits / 10^scale. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

const PPM = 1_000_000n;
/** The most that one asset may hold in the whole exchange, in ledger units (the contract's limit). */
export const UNITS_MAX = 2n ** 63n - 1n;

const PLAIN = /^(\d{1,30})(?:\.(\d{0,30}))?$|^\.(\d{1,30})$/;

/** Reads a plain decimal such as "12.5" or "0.0001"; undefined when it is anything else (signs, exponents, commas). */
export function parseDecimal(text: string): Decimal | undefined {
  const match = PLAIN.exec(text.trim());
  if (!match) return undefined;
  const fraction = match[2] ?? match[3] ?? "";
  return { digits: BigInt((match[1] ?? "") + fraction), scale: fraction.length };
}

/** Reads a decimal that the exchange itself sent. Throws when it is none: then both sides do not speak the same API. */
export function decimal(text: string): Decimal {
  const negative = text.startsWith("-");
  const value = parseDecimal(negative ? text.slice(1) : text);
  if (!value) throw new Error(`The exchange sent ${JSON.stringify(text)} where a decimal is due.`);
  return negative ? { digits: -value.digits, scale: value.scale } : value;
}

/** How many whole `step`s a value is, or undefined when it is not a multiple. */
export function toSteps(value: Decimal, step: Decimal): bigint | undefined {
  const [numerator, denominator] = ratio(value, step);
  return numerator % denominator === 0n ? numerator / denominator : undefined;
}

/** How many whole `step`s fit in a value (rounded towards zero). */
export function floorToSteps(value: Decimal, step: Decimal): bigint {
  const [numerator, denominator] = ratio(value, step);
  return numerator / denominator;
}

function ratio(value: Decimal, step: Decimal): [bigint, bigint] {
  return [value.digits * 10n ** BigInt(step.scale), step.digits * 10n ** BigInt(value.scale)];
}

/** The value of so many steps. */
export function fromSteps(steps: bigint, step: Decimal): Decimal {
  return { digits: steps * step.digits, scale: step.scale };
}

/** The plain text of a decimal, without trailing zeros beyond `minDecimals`. */
export function toText(value: Decimal, minDecimals = 0): string {
  const negative = value.digits < 0n;
  const digits = (negative ? -value.digits : value.digits).toString().padStart(value.scale + 1, "0");
  const whole = digits.slice(0, digits.length - value.scale);
  const fraction = value.scale ? digits.slice(-value.scale).replace(/0+$/, "").padEnd(minDecimals, "0") : "";
  const padded = value.scale ? fraction : "".padEnd(minDecimals, "0");
  return (negative ? "-" : "") + whole + (padded ? `.${padded}` : "");
}

/** The text with its thousands parted by commas, for people only. */
export function grouped(text: string): string {
  const [whole = "", fraction] = text.split(".");
  const parted = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return fraction === undefined ? parted : `${parted}.${fraction}`;
}

/** Rounds towards zero to so many decimals: what is shown of a balance is never more than it is. */
export function truncate(value: Decimal, decimals: number): Decimal {
  if (value.scale <= decimals) return value;
  return { digits: value.digits / 10n ** BigInt(value.scale - decimals), scale: decimals };
}

/** The fee of one fill in quote units: charges round up, rebates (negative) round towards zero. */
export function feeUnits(notionalUnits: bigint, feePpm: bigint): bigint {
  if (feePpm >= 0n) return (notionalUnits * feePpm + PPM - 1n) / PPM;
  return -((notionalUnits * -feePpm) / PPM);
}

/** What a buy order holds back in quote units: its notional, its fee at the signed cap, and one unit a lot. */
export function buyReservationUnits(notionalUnits: bigint, quantityLots: bigint, capPpm: bigint): bigint {
  return notionalUnits + feeUnits(notionalUnits, capPpm) + quantityLots;
}

/** The largest quantity whose buy reservation at a price is within `availableUnits`. */
export function affordableLots(availableUnits: bigint, unitsPerLot: bigint, capPpm: bigint): bigint {
  if (availableUnits <= 0n || unitsPerLot <= 0n) return 0n;
  let low = 0n;
  let high = availableUnits / unitsPerLot;
  while (low < high) {
    const middle = (low + high + 1n) / 2n;
    if (buyReservationUnits(unitsPerLot * middle, middle, capPpm) <= availableUnits) low = middle;
    else high = middle - 1n;
  }
  return low;
}

/** The larger of two whole numbers (Math.max takes floats only). */
export function larger(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

/** `part` of `whole` in percent, to two decimals, as a number for bars and labels only; zero of zero is zero. */
export function percent(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Number((part * 10_000n) / whole) / 100;
}
