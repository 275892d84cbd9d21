import { type FormEvent, useState } from "react";
import { explain, isDeclined } from "@/api/errors";
import { useAccountInfo, useBalances, useStatus } from "@/api/queries";
import { useExchange } from "@/app/exchange";
import { Button } from "@/components/Button";
import { DecimalField } from "@/components/Field";
import { Notice } from "@/components/Notice";
import { Segmented } from "@/components/Segmented";
import { Slider } from "@/components/Slider";
import { percent } from "@/lib/money";
import type { MarketFeed } from "@/markets/feed";
import { type Market, quantityText, steps } from "@/markets/model";
import { useFeedView } from "@/markets/useFeed";
import { type Account, type Stage, useAccount } from "@/wallet/account";
import { useOpenConnect } from "@/wallet/ConnectProvider";
import { type Instructions, isStop, type OrderType } from "@/wallet/instructions";
import { Advanced } from "./Advanced";
import { LimitPrice, StopPrice, WorstPrice } from "./TicketPrices";
import { TicketSummary } from "./TicketSummary";
import { instructionsOf, readTicket, type Side, type TicketContext } from "./ticket";
import { usePlace } from "./usePlace";

const KINDS = [
  { value: "LIMIT", label: "Limit" },
  { value: "MARKET", label: "Market" },
  { value: "STOP", label: "Stop" },
] as const;
const STOP_TYPES = [
  { value: "STOP_LIMIT", label: "Then a limit order" },
  { value: "STOP_MARKET", label: "Then at market" },
] as const;
const SIDES = [
  { value: "BUY", label: "Buy", active: "bg-buy-strong text-on-colour shadow-sm" },
  { value: "SELL", label: "Sell", active: "bg-sell-strong text-on-colour shadow-sm" },
] as const;
const NEXT_STEP: Record<Exclude<Stage, "ready">, string> = {
  disconnected: "Connect a wallet to trade",
  "wrong-network": "Switch network to trade",
  "signed-out": "Sign in to trade",
};
/** As most venues have it: a new order takes the place of an old one of the same wallet that it meets. */
const USUAL: Instructions = {
  type: "LIMIT",
  timeInForce: "GTC",
  postOnly: "NO",
  selfTradePrevention: "CANCEL_RESTING",
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
  const [chosen, setChosen] = useState(USUAL);
  const [quantity, setQuantity] = useState("");
  const [stopPrice, setStopPrice] = useState("");
  const account = useAccount();
  const context = useTicketContext(market, feed, fields.side, account);
  const choose = (change: Partial<Instructions>) => setChosen({ ...chosen, ...change });
  const instructions = instructionsOf(chosen);
  const { type, postOnly } = instructions;
  const reading = readTicket(market, { ...fields, type, postOnly, stopPrice, quantity }, context);
  const place = usePlace(account, () => setQuantity(""));
  const openConnect = useOpenConnect();
  const buying = fields.side === "BUY";

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (account.stage !== "ready") return openConnect();
    const { ticks, lots, stopTicks } = reading;
    if (!reading.ready || ticks === undefined || lots === undefined) return undefined;
    return place.mutate({ market, side: fields.side, instructions, ticks, lots, stopTicks, context });
  };

  return (
    <form onSubmit={submit} aria-label="Order ticket" className="grid gap-3.5 p-3" noValidate>
      <Segmented label="Side" choices={SIDES} value={fields.side} onValue={(side) => onFields({ ...fields, side })} />
      <TypeChoice type={type} onType={(next) => choose({ type: next })} />
      {isStop(type) && (
        <StopPrice {...{ market, context }} value={stopPrice} onValue={setStopPrice} error={reading.stopError} />
      )}
      {type === "LIMIT" || type === "STOP_LIMIT" ? (
        <LimitPrice {...{ market, context, fields, onFields }} error={reading.priceError} />
      ) : (
        <WorstPrice market={market} kind={type === "MARKET" ? "MARKET" : "STOP"} reading={reading} />
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
      <Advanced instructions={instructions} onChange={choose} />
      <TicketSummary {...{ market, side: fields.side, reading, context }} />
      {place.error && !isDeclined(place.error) && <Notice tone="error">{explain(place.error)}</Notice>}
      {reading.closed && <Notice tone="warning">{reading.closed}</Notice>}
      <Button
        type="submit"
        size="large"
        tone={account.stage === "ready" ? (buying ? "buy" : "sell") : "brand"}
        busy={place.isPending}
        disabled={account.stage === "ready" && !reading.ready}
      >
        {submitLabel(account.stage, place.isPending, `${buying ? "Buy" : "Sell"} ${market.base.symbol}`)}
      </Button>
    </form>
  );
}

/** Three kinds to begin with; a stop then asks what it turns into. */
function TypeChoice({ type, onType }: { type: OrderType; onType: (type: OrderType) => void }) {
  const kind = type === "LIMIT" || type === "MARKET" ? type : "STOP";
  return (
    <>
      <Segmented
        label="Order type"
        choices={KINDS}
        value={kind}
        onValue={(next) => onType(next === "STOP" ? "STOP_LIMIT" : next)}
        size="small"
      />
      {(type === "STOP_LIMIT" || type === "STOP_MARKET") && (
        <Segmented label="Once the stop price trades" choices={STOP_TYPES} value={type} onValue={onType} size="small" />
      )}
    </>
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
  const { best, trades, state } = useFeedView(feed);
  const { data: info } = useAccountInfo();
  const { data: balances } = useBalances();
  const halted = useStatus().data?.tradingHalted;
  const spent = side === "BUY" ? market.quote : market.base;
  const held = signedIn && balances?.balances.find((balance) => balance.asset === spent.symbol);
  const fees = info?.fees;
  return {
    bestBid: best.bid,
    bestAsk: best.ask,
    lastTicks: trades[0]?.ticks,
    state: halted ? { ...state, status: "HALT" } : state,
    availableUnits: held ? steps(held.available, spent.unit) : undefined,
    takerPpm: fees ? BigInt(fees.takerPpm) : exchange.defaultFees.takerPpm,
    makerPpm: fees ? BigInt(fees.makerPpm) : exchange.defaultFees.makerPpm,
  };
}
