import {
  affordableLots,
  buyReservationUnits,
  feeUnits,
  floorToSteps,
  larger,
  parseDecimal,
  toSteps,
  toText,
} from "@/lib/money";
import { amountText, type Market, notionalUnits, priceText, quantityText } from "@/markets/model";

export type Side = "BUY" | "SELL";
/** A market order is a limit order that fills at once or not at all, at a price that is still acceptable. */
export type Kind = "LIMIT" | "MARKET";

export interface TicketInput {
  readonly side: Side;
  readonly kind: Kind;
  readonly price: string;
  readonly quantity: string;
}

export interface TicketContext {
  readonly bestBid: bigint | undefined;
  readonly bestAsk: bigint | undefined;
  /** Available units of the asset that the order spends; undefined while not known (not signed in). */
  readonly availableUnits: bigint | undefined;
  readonly takerPpm: bigint;
  readonly makerPpm: bigint;
}

export interface TicketReading {
  readonly ticks: bigint | undefined;
  readonly lots: bigint | undefined;
  readonly notional: bigint | undefined;
  readonly fee: bigint | undefined;
  readonly maxLots: bigint;
  readonly priceError: string | undefined;
  readonly quantityError: string | undefined;
  /** All is there and nothing is wrong: the order can be signed. */
  readonly ready: boolean;
}

/** How far from the best price a market order may fill, in basis points. */
const SLIPPAGE_BPS = 50n;
const BPS = 10_000n;

/** The worst price of a market order: the best opposite price and 0.5 % beyond, in whole ticks. */
export function worstTicks(side: Side, context: TicketContext): bigint | undefined {
  if (side === "BUY") return context.bestAsk && (context.bestAsk * (BPS + SLIPPAGE_BPS)) / BPS;
  const bid = context.bestBid;
  if (!bid) return undefined;
  const worst = (bid * (BPS - SLIPPAGE_BPS) + BPS - 1n) / BPS;
  return worst > 0n ? worst : 1n;
}

/** The fee cap that an order signs: the account's present rates and not a point more. */
export function feeCapBps(context: Pick<TicketContext, "takerPpm" | "makerPpm">, maxFeeBps: number): number {
  const highest = larger(context.takerPpm, context.makerPpm);
  const bps = highest > 0n ? Number((highest + 99n) / 100n) : 0;
  return Math.min(bps, maxFeeBps);
}

function capPpm(context: TicketContext): bigint {
  return BigInt(feeCapBps(context, Number.MAX_SAFE_INTEGER)) * 100n;
}

/** The largest order that the available balance allows at a price. */
export function affordable(market: Market, side: Side, ticks: bigint | undefined, context: TicketContext): bigint {
  const available = context.availableUnits;
  if (available === undefined || available <= 0n) return 0n;
  let lots = 0n;
  if (side === "SELL") lots = available / market.baseUnitsPerLot;
  else if (ticks) lots = affordableLots(available, notionalUnits(market, ticks, 1n), capPpm(context));
  return lots < market.maxLots ? lots : market.maxLots;
}

function readPrice(market: Market, text: string): { ticks?: bigint; error?: string } {
  if (text.trim() === "") return {};
  const value = parseDecimal(text);
  if (!value) return { error: "Enter a plain number such as 12.5." };
  const ticks = toSteps(value, market.tick);
  if (ticks === undefined) {
    const near = priceText(market, floorToSteps(value, market.tick));
    return { error: `Prices move in steps of ${toText(market.tick)}. Nearest below: ${near}.` };
  }
  if (ticks === 0n) return { error: "Enter a price above zero." };
  if (ticks > market.maxTicks) return { error: `The highest price is ${priceText(market, market.maxTicks)}.` };
  return { ticks };
}

function readQuantity(market: Market, text: string): { lots?: bigint; error?: string } {
  if (text.trim() === "") return {};
  const value = parseDecimal(text);
  if (!value) return { error: "Enter a plain number such as 0.25." };
  const lots = toSteps(value, market.lot);
  if (lots === undefined) {
    const near = quantityText(market, floorToSteps(value, market.lot));
    return { error: `Quantities move in steps of ${toText(market.lot)}. Nearest below: ${near}.` };
  }
  if (lots < market.minLots) return { error: `The smallest quantity is ${quantityText(market, market.minLots)}.` };
  if (lots > market.maxLots) return { error: `The largest quantity is ${quantityText(market, market.maxLots)}.` };
  return { lots };
}

function fundsError(market: Market, side: Side, reading: { ticks: bigint; lots: bigint }, context: TicketContext) {
  const available = context.availableUnits;
  if (available === undefined) return undefined;
  const notional = notionalUnits(market, reading.ticks, reading.lots);
  const [asset, needed] =
    side === "BUY"
      ? [market.quote, buyReservationUnits(notional, reading.lots, capPpm(context))]
      : [market.base, reading.lots * market.baseUnitsPerLot];
  if (needed <= available) return undefined;
  const [need, have] = [amountText(asset, needed), amountText(asset, available)];
  return `This needs ${need} ${asset.symbol} and ${have} is available. Lower the quantity or deposit ${asset.symbol}.`;
}

function worthError(market: Market, notional: bigint): string | undefined {
  if (notional >= market.minNotionalUnits) return undefined;
  const least = `${amountText(market.quote, market.minNotionalUnits)} ${market.quote.symbol}`;
  return `An order must be worth at least ${least}. Raise the quantity.`;
}

/** Reads what a person typed against the market's rules and their balance. Messages say what to do. */
export function readTicket(market: Market, input: TicketInput, context: TicketContext): TicketReading {
  const isMarket = input.kind === "MARKET";
  const price = isMarket ? { ticks: worstTicks(input.side, context) } : readPrice(market, input.price);
  const quantity = readQuantity(market, input.quantity);
  const { ticks } = price;
  const { lots } = quantity;
  const opposite = input.side === "BUY" ? "sells" : "buys";
  const noMarket = isMarket && !ticks ? `Nobody ${opposite} right now. Place a limit order instead.` : undefined;
  const priceError = noMarket ?? ("error" in price ? price.error : undefined);
  let quantityError = quantity.error;
  let notional: bigint | undefined;
  if (ticks && lots) {
    notional = notionalUnits(market, ticks, lots);
    quantityError ??= worthError(market, notional) ?? fundsError(market, input.side, { ticks, lots }, context);
  }
  return {
    ticks,
    lots,
    notional,
    fee: notional === undefined ? undefined : feeUnits(notional, context.takerPpm),
    maxLots: affordable(market, input.side, ticks, context),
    priceError,
    quantityError,
    ready: ticks !== undefined && lots !== undefined && !priceError && !quantityError,
  };
}
