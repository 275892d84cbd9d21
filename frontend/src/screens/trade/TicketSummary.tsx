import { useId } from "react";
import { type Market, showAmount } from "@/markets/model";
import type { Side, TicketContext, TicketReading } from "./ticket";

interface SummaryProps {
  market: Market;
  side: Side;
  reading: TicketReading;
  context: TicketContext;
}

/** What the order comes to, before it is signed. */
export function TicketSummary({ market, side, reading, context }: SummaryProps) {
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
