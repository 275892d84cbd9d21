import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { useConfig } from "wagmi";
import { explain, isDeclined } from "@/api/errors";
import { privateKey, useAccountInfo, useBalances, useStatus } from "@/api/queries";
import { useExchange } from "@/app/exchange";
import { Button } from "@/components/Button";
import { DecimalField } from "@/components/Field";
import { Notice } from "@/components/Notice";
import { Segmented } from "@/components/Segmented";
import { Slider } from "@/components/Slider";
import { tell } from "@/components/toasts";
import { percent } from "@/lib/money";
import type { MarketFeed } from "@/markets/feed";
import { type Market, priceText, quantityText, showAmount, showPrice, steps } from "@/markets/model";
import { useFeedView } from "@/markets/useFeed";
import { type Account, type Stage, useAccount } from "@/wallet/account";
import { useOpenConnect } from "@/wallet/ConnectProvider";
import { placeOrder } from "@/wallet/orders";
import { feeCapBps, type Kind, readTicket, type Side, type TicketContext, type TicketReading } from "./ticket";

const KINDS = [
  { value: "LIMIT", label: "Limit" },
  { value: "MARKET", label: "Market" },
] as const;
const SIDES = [
  { value: "BUY", label: "Buy", active: "bg-buy-strong text-on-colour shadow-sm" },
  { value: "SELL", label: "Sell", active: "bg-sell-strong text-on-colour shadow-sm" },
] as const;
const TIMES_IN_FORCE = [
  { value: "GTC", label: "Until cancelled" },
  { value: "IOC", label: "Immediate or cancel" },
] as const;
const NEXT_STEP: Record<Exclude<Stage, "ready">, string> = {
  disconnected: "Connect a wallet to trade",
  "wrong-network": "Switch network to trade",
  "signed-out": "Sign in to trade",
};

export interface TicketFields {
  readonly side: Side;
  readonly price: string;
}

interface TicketProps {
  market: Market;
  feed: MarketFeed;
  fields: TicketFields;
  onFields: (fields: TicketFields) => void;
}

/** Side and price live with the screen, since the ladder sets them; the rest lives here. */
export function Ticket({ market, feed, fields, onFields }: TicketProps) {
  const [kind, setKind] = useState<Kind>("LIMIT");
  const [timeInForce, setTimeInForce] = useState<"GTC" | "IOC">("GTC");
  const [quantity, setQuantity] = useState("");
  const account = useAccount();
  const context = useTicketContext(market, feed, fields.side, account);
  const reading = readTicket(market, { ...fields, kind, quantity }, context);
  const place = usePlace(account, () => setQuantity(""));
  const openConnect = useOpenConnect();
  const status = useStatus().data;
  const trading = status ? status.tradingHalted === null : market.trading;
  const buying = fields.side === "BUY";

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (account.stage !== "ready") return openConnect();
    if (!reading.ready || reading.ticks === undefined || reading.lots === undefined) return undefined;
    const force = kind === "MARKET" ? "IOC" : timeInForce;
    const { ticks, lots } = reading;
    return place.mutate({ market, side: fields.side, timeInForce: force, ticks, lots, context });
  };

  return (
    <form onSubmit={submit} aria-label="Order ticket" className="grid gap-3.5 p-3" noValidate>
      <Segmented label="Side" choices={SIDES} value={fields.side} onValue={(side) => onFields({ ...fields, side })} />
      <Segmented label="Order type" choices={KINDS} value={kind} onValue={setKind} size="small" />
      {kind === "LIMIT" ? (
        <LimitPrice {...{ market, context, fields, onFields }} error={reading.priceError} />
      ) : (
        <WorstPrice market={market} reading={reading} />
      )}
      <DecimalField
        label="Quantity"
        unit={market.base.symbol}
        value={quantity}
        onValue={setQuantity}
        placeholder={quantityText(market, market.minLots)}
        error={reading.quantityError}
      />
      <Slider
        label="Share of the available balance"
        value={percent(reading.lots ?? 0n, reading.maxLots)}
        disabled={reading.maxLots === 0n}
        onValue={(share) => setQuantity(shareOf(market, reading.maxLots, share))}
      />
      {kind === "LIMIT" && (
        <Segmented
          label="Time in force"
          choices={TIMES_IN_FORCE}
          value={timeInForce}
          onValue={setTimeInForce}
          size="small"
        />
      )}
      <Summary {...{ market, side: fields.side, reading, context }} />
      {place.error && !isDeclined(place.error) && <Notice tone="error">{explain(place.error)}</Notice>}
      {!trading && <Notice tone="warning">Trading in {market.symbol} is halted. Orders are not taken now.</Notice>}
      <Button
        type="submit"
        size="large"
        tone={account.stage === "ready" ? (buying ? "buy" : "sell") : "brand"}
        busy={place.isPending}
        disabled={account.stage === "ready" && (!reading.ready || !trading)}
      >
        {submitLabel(account.stage, place.isPending, `${buying ? "Buy" : "Sell"} ${market.base.symbol}`)}
      </Button>
    </form>
  );
}

function submitLabel(stage: Stage, pending: boolean, action: string): string {
  if (stage !== "ready") return NEXT_STEP[stage];
  return pending ? "Confirm in your wallet" : action;
}

function shareOf(market: Market, maxLots: bigint, share: number): string {
  const lots = (maxLots * BigInt(Math.round(share))) / 100n;
  return lots === 0n ? "" : quantityText(market, lots);
}

function useTicketContext(market: Market, feed: MarketFeed, side: Side, { signedIn }: Account): TicketContext {
  const exchange = useExchange();
  const { best } = useFeedView(feed);
  const { data: info } = useAccountInfo();
  const { data: balances } = useBalances();
  const spent = side === "BUY" ? market.quote : market.base;
  const held = signedIn && balances?.balances.find((balance) => balance.asset === spent.symbol);
  const fees = info?.fees;
  return {
    bestBid: best.bid,
    bestAsk: best.ask,
    availableUnits: held ? steps(held.available, spent.unit) : undefined,
    takerPpm: fees ? BigInt(fees.takerPpm) : exchange.defaultFees.takerPpm,
    makerPpm: fees ? BigInt(fees.makerPpm) : exchange.defaultFees.makerPpm,
  };
}

interface PlaceInput {
  market: Market;
  side: Side;
  timeInForce: "GTC" | "IOC";
  ticks: bigint;
  lots: bigint;
  context: TicketContext;
}

function usePlace({ owner }: Account, onPlaced: () => void) {
  const config = useConfig();
  const exchange = useExchange();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ context, ...draft }: PlaceInput) => {
      if (!owner) throw new Error("Connect a wallet first.");
      return placeOrder(config, exchange, owner, { ...draft, maxFeeBps: feeCapBps(context, exchange.maxFeeBps) });
    },
    onSuccess: (placed, { market, side, lots, ticks }) => {
      const what = `${side === "BUY" ? "Buy" : "Sell"} ${quantityText(market, lots)} ${market.base.symbol}`;
      const filled = `${placed.filledQuantity} ${market.base.symbol} filled`;
      const outcomes: Record<string, [tone: "good" | "plain", title: string]> = {
        FILLED: ["good", "Order filled"],
        PARTIALLY_FILLED: ["good", `Order open, ${filled}`],
        NEW: ["good", "Order placed"],
      };
      const [tone, title] = outcomes[placed.status] ?? ["plain", `Order ended, ${filled}`];
      tell(tone, title, `${what} at ${showPrice(market, ticks)}`);
      onPlaced();
    },
    onError: (error) => {
      if (isDeclined(error)) tell("plain", "Order not signed", "You declined in your wallet. Nothing was sent.");
    },
    onSettled: () => queries.invalidateQueries({ queryKey: privateKey(owner) }),
  });
}

interface LimitPriceProps extends Pick<TicketProps, "market" | "fields" | "onFields"> {
  context: TicketContext;
  error: string | undefined;
}

function LimitPrice({ market, context, fields, onFields, error }: LimitPriceProps) {
  const best = { Bid: context.bestBid, Ask: context.bestAsk };
  return (
    <DecimalField
      label="Price"
      unit={market.quote.symbol}
      value={fields.price}
      onValue={(price) => onFields({ ...fields, price })}
      placeholder={priceText(market, context.bestAsk ?? context.bestBid ?? 0n)}
      error={error}
      aside={
        <span className="flex gap-3">
          {Object.entries(best).map(([name, ticks]) => (
            <button
              key={name}
              type="button"
              disabled={ticks === undefined}
              onClick={() => ticks !== undefined && onFields({ ...fields, price: priceText(market, ticks) })}
              className="rounded font-medium text-brand disabled:opacity-40"
            >
              {name}
            </button>
          ))}
        </span>
      }
    />
  );
}

function WorstPrice({ market, reading }: { market: Market; reading: TicketReading }) {
  return (
    <div>
      <p className="flex h-10 items-center justify-between rounded-lg border border-dashed border-line-strong px-3">
        <span className="text-muted">Worst price</span>
        <span className="font-medium tabular-nums">
          {reading.ticks ? showPrice(market, reading.ticks) : "–"}{" "}
          <span className="pl-1 text-xs font-normal text-muted">{market.quote.symbol}</span>
        </span>
      </p>
      {reading.priceError ? (
        <p className="mt-1.5 text-xs text-sell">{reading.priceError}</p>
      ) : (
        <p className="mt-1.5 text-xs text-muted">
          Fills at once at the best prices, up to 0.5 % beyond the best. What does not fill is cancelled.
        </p>
      )}
    </div>
  );
}

interface SummaryProps {
  market: Market;
  side: Side;
  reading: TicketReading;
  context: TicketContext;
}

function Summary({ market, side, reading, context }: SummaryProps) {
  const id = useId();
  const spent = side === "BUY" ? market.quote : market.base;
  const { notional, fee } = reading;
  const total = notional !== undefined && fee !== undefined ? notional + (side === "BUY" ? fee : -fee) : undefined;
  const amount = (units: bigint | undefined) =>
    units === undefined ? "–" : `${showAmount(market.quote, units)} ${market.quote.symbol}`;
  const rate = `${Number(context.takerPpm) / 10_000} %`;
  const rows = [
    [
      "Available",
      context.availableUnits === undefined ? "–" : `${showAmount(spent, context.availableUnits)} ${spent.symbol}`,
    ],
    ["Order value", amount(notional)],
    [`Fee, at most ${rate}`, amount(fee)],
    [side === "BUY" ? "You pay at most" : "You receive at least", amount(total)],
  ] as const;
  return (
    <dl aria-labelledby={id} className="grid gap-1.5 text-xs">
      {rows.map(([name, value], index) => (
        <div key={name} className="flex justify-between gap-3">
          <dt className="text-muted">{name}</dt>
          <dd className={index === rows.length - 1 ? "font-medium tabular-nums" : "tabular-nums"}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
