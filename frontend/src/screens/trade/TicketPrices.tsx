import { DecimalField } from "@/components/Field";
import { type Market, priceText, showPrice } from "@/markets/model";
import type { TicketFields } from "./Ticket";
import type { TicketContext, TicketReading } from "./ticket";

interface LimitPriceProps {
  market: Market;
  context: TicketContext;
  fields: TicketFields;
  onFields: (fields: TicketFields) => void;
  error: string | undefined;
}

export function LimitPrice({ market, context, fields, onFields, error }: LimitPriceProps) {
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

interface StopPriceProps {
  market: Market;
  context: TicketContext;
  value: string;
  onValue: (value: string) => void;
  error: string | undefined;
}

/** The price that a stop waits for. */
export function StopPrice({ market, context, value, onValue, error }: StopPriceProps) {
  return (
    <DecimalField
      label="Stop price"
      unit={market.quote.symbol}
      value={value}
      onValue={onValue}
      placeholder={priceText(market, context.lastTicks ?? 0n)}
      error={error}
    />
  );
}

const HINTS = {
  MARKET: "Fills at once at the best prices, up to 0.5 % beyond the best. What does not fill is cancelled.",
  STOP: "Fills at the best prices once the stop price trades, up to 5 % beyond it. What does not fill is cancelled.",
} as const;

interface WorstPriceProps {
  market: Market;
  kind: keyof typeof HINTS;
  reading: TicketReading;
}

/** What an order without limit signs as its worst price. */
export function WorstPrice({ market, kind, reading }: WorstPriceProps) {
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
        <p className="mt-1.5 text-xs text-muted">{HINTS[kind]}</p>
      )}
    </div>
  );
}
