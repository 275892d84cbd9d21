import { classes } from "@/components/classes";
import { Empty } from "@/components/Empty";
import { timeOfDay } from "@/lib/time";
import type { MarketFeed } from "@/markets/feed";
import { type Market, showPrice, showQuantity } from "@/markets/model";
import { useFeedView } from "@/markets/useFeed";

const SHOWN_MAX = 50;

/** The latest trades, newest first, coloured by the side that came in. */
export function TradeTape({ market, feed }: { market: Market; feed: MarketFeed }) {
  const { trades } = useFeedView(feed);
  if (trades.length === 0) return <Empty>No trades yet</Empty>;
  return (
    <table aria-label={`Trades of ${market.symbol}`} className="w-full text-xs tabular-nums">
      <thead className="sticky top-0 bg-panel text-2xs text-muted">
        <tr>
          <th scope="col" className="h-8 px-3 text-left font-normal">
            Price ({market.quote.symbol})
          </th>
          <th scope="col" className="px-3 text-right font-normal">
            Size ({market.base.symbol})
          </th>
          <th scope="col" className="px-3 text-right font-normal">
            Time
          </th>
        </tr>
      </thead>
      <tbody>
        {trades.slice(0, SHOWN_MAX).map((trade) => (
          <tr key={trade.id}>
            <td className={classes("h-5.5 px-3", trade.side === "BUY" ? "text-buy" : "text-sell")}>
              {showPrice(market, trade.ticks)}
            </td>
            <td className="px-3 text-right">{showQuantity(market, trade.lots)}</td>
            <td className="px-3 text-right text-muted">{timeOfDay(trade.timeMs)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
