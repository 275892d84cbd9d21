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
import { amountText, type Market, type MarketState, notionalUnits, priceText, quantityText } from "@/markets/model";
import { type Instructions, isStop, type OrderType, type PostOnly } from "@/wallet/instructions";

export type Side = "BUY" | "SELL";

export interface TicketInput {
  readonly side: Side;
  readonly type: OrderType;
  readonly price: string;
  readonly stopPrice: string;
  readonly quantity: string;
  readonly postOnly: PostOnly;
}

export interface TicketContext {
  readonly bestBid: bigint | undefined;
  readonly bestAsk: bigint | undefined;
  /** The last trade's price; undefined before the first. */
  readonly lastTicks: bigint | undefined;
  readonly state: MarketState;
  /** Available units of the asset that the order spends; undefined while not known (not signed in). */
  readonly availableUnits: bigint | undefined;
  readonly takerPpm: bigint;
  readonly makerPpm: bigint;
}

export interface TicketReading {
  /** The price that is signed: the limit, or the worst that an order without limit takes. */
  readonly ticks: bigint | undefined;
  readonly stopTicks: bigint | undefined;
  readonly lots: bigint | undefined;
  readonly notional: bigint | undefined;
  readonly fee: bigint | undefined;
  readonly maxLots: bigint;
  readonly priceError: string | undefined;
  readonly stopError: string | undefined;
  readonly quantityError: string | undefined;
  /** Why the market does not take such an order now, and what it takes. */
  readonly closed: string | undefined;
  /** All is there and nothing is wrong: the order can be signed. */
  readonly ready: boolean;
}

/** How far beyond the best price a market order may fill, in basis points. */
const SLIPPAGE_BPS = 50n;
/** The same for a stop without limit, beyond its stop price: it fires when the market moves fast. */
const STOP_SLIPPAGE_BPS = 500n;
const BPS = 10_000n;

function beyond(side: Side, ticks: bigint | undefined, slippageBps: bigint): bigint | undefined {
  if (!ticks) return undefined;
  if (side === "BUY") return (ticks * (BPS + slippageBps)) / BPS;
  return larger((ticks * (BPS - slippageBps) + BPS - 1n) / BPS, 1n);
}

/** The worst price of a market order: the best opposite price and 0.5 % beyond, in whole ticks. */
function worstTicks(side: Side, context: TicketContext): bigint | undefined {
  return beyond(side, side === "BUY" ? context.bestAsk : context.bestBid, SLIPPAGE_BPS);
}

/** What a ticket's choices come to: a choice that does not go with the order's type gives way to one that does. */
export function instructionsOf(chosen: Instructions): Instructions {
  const atOnce = chosen.type === "MARKET" || chosen.type === "STOP_MARKET";
  const timeInForce = atOnce && chosen.timeInForce === "GTC" ? "IOC" : chosen.timeInForce;
  const rests = chosen.type === "LIMIT" && timeInForce === "GTC";
  return { ...chosen, timeInForce, postOnly: rests ? chosen.postOnly : "NO" };
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
function affordable(market: Market, side: Side, ticks: bigint | undefined, context: TicketContext): bigint {
  const available = context.availableUnits;
  if (available === undefined || available <= 0n) return 0n;
  let lots = 0n;
  if (side === "SELL") lots = available / market.baseUnitsPerLot;
  else if (ticks) lots = affordableLots(available, notionalUnits(market, ticks, 1n), capPpm(context));
  return lots < market.maxLots ? lots : market.maxLots;
}

/** A price that a person typed, in ticks. */
export function readPrice(market: Market, text: string): ReadPrice {
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

/** A quantity that a person typed, in lots. */
export function readQuantity(market: Market, text: string): { lots?: bigint; error?: string } {
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

/** Why a market does not take an order of this kind right now. */
export function closedTo({ symbol }: Market, state: MarketState, postOnly: PostOnly): string | undefined {
  if (state.killed) return `Trading in ${symbol} was stopped by the exchange. Orders can only be cancelled.`;
  if (state.status === "HALT") return `Trading in ${symbol} is halted. Orders are not taken now; cancels are.`;
  if (state.status === "CANCEL_ONLY") return `${symbol} takes cancels only. Orders are not taken now.`;
  if (state.status === "POST_ONLY" && postOnly === "NO") {
    return `${symbol} takes post-only orders. Choose post-only under Advanced.`;
  }
  return undefined;
}

interface ReadPrice {
  readonly ticks?: bigint;
  readonly error?: string | undefined;
}

/** The price to sign: what was typed, or the worst that an order without limit takes. */
function signedPrice(market: Market, input: TicketInput, context: TicketContext, stop: ReadPrice): ReadPrice {
  const { side, type } = input;
  if (type === "STOP_MARKET") {
    const worst = beyond(side, stop.ticks, STOP_SLIPPAGE_BPS);
    return worst === undefined ? {} : { ticks: worst };
  }
  if (type !== "MARKET") return readPrice(market, input.price);
  const ticks = worstTicks(side, context);
  if (ticks) return { ticks };
  return { error: `Nobody ${side === "BUY" ? "sells" : "buys"} right now. Place a limit order instead.` };
}

function stopPrice(market: Market, { side, type, stopPrice: text }: TicketInput, last: bigint | undefined): ReadPrice {
  if (!isStop(type)) return {};
  const stop = readPrice(market, text);
  if (stop.ticks === undefined || !last) return stop;
  const reached = side === "BUY" ? last >= stop.ticks : last <= stop.ticks;
  if (!reached) return stop;
  const where = side === "BUY" ? "above" : "below";
  return { ...stop, error: `The last price is ${priceText(market, last)}: choose a stop price ${where} it.` };
}

/** A post-only order that is to be refused if it matches at once would be, as the book stands. */
function crossingError(market: Market, input: TicketInput, ticks: bigint, context: TicketContext): string | undefined {
  if (input.postOnly !== "REJECT") return undefined;
  const best = input.side === "BUY" ? context.bestAsk : context.bestBid;
  if (!best || (input.side === "BUY" ? ticks < best : ticks > best)) return undefined;
  const where = input.side === "BUY" ? "below" : "above";
  return `A post-only order has to be ${where} ${priceText(market, best)}, or it would match at once.`;
}

/** Reads what a person typed against the market's rules and their balance. Messages say what to do. */
export function readTicket(market: Market, input: TicketInput, context: TicketContext): TicketReading {
  const stop = stopPrice(market, input, context.lastTicks);
  const price = signedPrice(market, input, context, stop);
  const quantity = readQuantity(market, input.quantity);
  const { ticks } = price;
  const { lots } = quantity;
  const priceError = price.error ?? (ticks ? crossingError(market, input, ticks, context) : undefined);
  let quantityError = quantity.error;
  let notional: bigint | undefined;
  if (ticks && lots) {
    notional = notionalUnits(market, ticks, lots);
    quantityError ??= worthError(market, notional) ?? fundsError(market, input.side, { ticks, lots }, context);
  }
  const closed = closedTo(market, context.state, input.postOnly);
  const complete = ticks !== undefined && lots !== undefined && (!isStop(input.type) || stop.ticks !== undefined);
  return {
    ticks,
    stopTicks: stop.ticks,
    lots,
    notional,
    fee: notional === undefined ? undefined : feeUnits(notional, context.takerPpm),
    maxLots: affordable(market, input.side, ticks, context),
    priceError,
    stopError: stop.error,
    quantityError,
    closed,
    ready: complete && !priceError && !stop.error && !quantityError && !closed,
  };
}
