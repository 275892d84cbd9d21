import type { Address } from "viem";
import type { ExchangeInfo, MarketStatus } from "@/api/types";
import { type Decimal, decimal, fromSteps, grouped, toSteps, toText, truncate } from "@/lib/money";

/** A listed token. Amounts inside the exchange are whole ledger units. */
export interface Asset {
  readonly id: number;
  readonly symbol: string;
  readonly token: Address;
  /** One ledger unit, in tokens. */
  readonly unit: Decimal;
  /** Base units of the token contract in one ledger unit. */
  readonly unitScale: bigint;
}

/** What a market takes. `killed`: a kill switch is on, and only cancels are taken. */
export interface MarketState {
  readonly status: MarketStatus;
  readonly killed: boolean;
}

/** A market. Signed prices are in ticks, signed quantities in lots. */
export interface Market {
  readonly id: number;
  readonly symbol: string;
  /** What it took when the document was read; the stream tells of changes. */
  readonly state: MarketState;
  readonly base: Asset;
  readonly quote: Asset;
  readonly tick: Decimal;
  readonly lot: Decimal;
  readonly baseUnitsPerLot: bigint;
  readonly quoteUnitsPerTickLot: bigint;
  readonly minLots: bigint;
  readonly maxLots: bigint;
  readonly maxTicks: bigint;
  readonly minNotionalUnits: bigint;
}

/** What the exchange says of itself, with its numbers as whole numbers. */
export interface Exchange {
  readonly chainId: number;
  readonly network: string;
  /** A node of the chain that wallets may use, when the exchange names one. */
  readonly nodeUrl: string | undefined;
  readonly settlement: Address;
  readonly confirmations: number;
  readonly maxFeeBps: number;
  /** Fee rates of a wallet that has no account yet, in parts per million. */
  readonly defaultFees: { readonly makerPpm: bigint; readonly takerPpm: bigint };
  readonly assets: readonly Asset[];
  readonly markets: readonly Market[];
}

/** Turns the market document into whole numbers. Throws when it contradicts itself. */
export function readExchange(info: ExchangeInfo): Exchange {
  const assets = info.assets.map((asset) => ({
    id: asset.assetId,
    symbol: asset.symbol,
    token: asset.token as Address,
    unit: { digits: 1n, scale: asset.decimals },
    unitScale: BigInt(asset.unitScale),
  }));
  const bySymbol = new Map(assets.map((asset) => [asset.symbol, asset]));
  const assetOf = (symbol: string) => {
    const asset = bySymbol.get(symbol);
    if (!asset) throw new Error(`The market document names an asset that it does not list: ${symbol}`);
    return asset;
  };
  const markets = info.markets.map((market) => {
    const [base, quote] = [assetOf(market.baseAsset), assetOf(market.quoteAsset)];
    const [tick, lot] = [decimal(market.tickSize), decimal(market.lotSize)];
    return {
      id: market.marketId,
      symbol: market.symbol,
      state: { status: market.status, killed: market.killed },
      base,
      quote,
      tick,
      lot,
      baseUnitsPerLot: BigInt(market.baseUnitsPerLot),
      quoteUnitsPerTickLot: BigInt(market.quoteUnitsPerTickLot),
      minLots: steps(market.minQuantity, lot),
      maxLots: steps(market.maxQuantity, lot),
      maxTicks: steps(market.maxPrice, tick),
      minNotionalUnits: steps(market.minNotional, quote.unit),
    };
  });
  return {
    chainId: info.chainId,
    network: info.network,
    nodeUrl: info.nodeUrl ?? undefined,
    settlement: info.typedData.domain.verifyingContract as Address,
    confirmations: info.confirmations,
    maxFeeBps: info.maxFeeBps,
    defaultFees: { makerPpm: BigInt(info.defaultFees.makerPpm), takerPpm: BigInt(info.defaultFees.takerPpm) },
    assets,
    markets,
  };
}

/** A decimal that the exchange sent, in whole steps. Throws when it is no multiple. */
export function steps(text: string, step: Decimal): bigint {
  const whole = toSteps(decimal(text), step);
  if (whole === undefined) throw new Error(`The exchange sent ${text}, which is not a multiple of ${toText(step)}.`);
  return whole;
}

/** What a quantity is worth at a price, in quote units, exactly. */
export function notionalUnits(market: Market, ticks: bigint, lots: bigint): bigint {
  return ticks * lots * market.quoteUnitsPerTickLot;
}

/** Decimals that a step needs: 0.0010 has three. */
function decimalsOf(step: Decimal): number {
  return toText(step).split(".")[1]?.length ?? 0;
}

/** A price for the API and for fields: plain, all decimals of the tick. */
export function priceText(market: Market, ticks: bigint): string {
  return toText(fromSteps(ticks, market.tick), decimalsOf(market.tick));
}

/** A quantity for the API and for fields: plain. */
export function quantityText(market: Market, lots: bigint): string {
  return toText(fromSteps(lots, market.lot));
}

/** A price for people. */
export function showPrice(market: Market, ticks: bigint): string {
  return grouped(priceText(market, ticks));
}

/** A quantity for people, with all decimals of the lot so that columns align. */
export function showQuantity(market: Market, lots: bigint): string {
  return grouped(toText(fromSteps(lots, market.lot), decimalsOf(market.lot)));
}

/** An amount of an asset for people: rounded down to what is worth reading unless `exact`. */
export function showAmount(asset: Asset, units: bigint, exact = false): string {
  const amount = fromSteps(units, asset.unit);
  return grouped(exact ? toText(amount) : toText(truncate(amount, Math.min(asset.unit.scale, 8)), 2));
}

/** An amount of an asset for the API: plain and exact. */
export function amountText(asset: Asset, units: bigint): string {
  return toText(fromSteps(units, asset.unit));
}
