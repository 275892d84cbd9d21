import {
  CandlestickSeries,
  ColorType,
  createChart,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type UTCTimestamp,
} from "lightweight-charts";
import { useEffect, useRef } from "react";
import { useTheme } from "@/app/theme";
import { fromSteps, toText } from "@/lib/money";
import type { MarketFeed } from "@/markets/feed";
import { type Market, priceText, showPrice } from "@/markets/model";
import { useCandles } from "@/markets/useCandles";
import { useFeedView } from "@/markets/useFeed";

const VOLUME_TOP = 0.8;
const PRICE_BOTTOM = 0.25;

interface Drawn {
  chart: IChartApi;
  candles: ISeriesApi<"Candlestick">;
  volume: ISeriesApi<"Histogram">;
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The theme's colours, as the chart's canvas needs them. */
function paint({ chart, candles }: Drawn): void {
  const [buy, sell] = [colour("--buy"), colour("--sell")];
  chart.applyOptions({
    layout: {
      background: { type: ColorType.Solid, color: "transparent" },
      textColor: colour("--muted"),
      fontFamily: "Inter Variable, sans-serif",
      fontSize: 11,
    },
    grid: { vertLines: { color: colour("--line") }, horzLines: { color: colour("--line") } },
    rightPriceScale: { borderColor: colour("--line") },
    timeScale: { borderColor: colour("--line") },
  });
  candles.applyOptions({ upColor: buy, downColor: sell, wickUpColor: buy, wickDownColor: sell });
}

function draw(element: HTMLElement, market: Market): Drawn {
  const chart = createChart(element, {
    autoSize: true,
    timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 4, barSpacing: 9 },
    rightPriceScale: { scaleMargins: { top: 0.1, bottom: PRICE_BOTTOM } },
  });
  const decimals = priceText(market, 1n).split(".")[1]?.length ?? 0;
  const candles = chart.addSeries(CandlestickSeries, {
    borderVisible: false,
    priceFormat: { type: "price", precision: decimals, minMove: Number(toText(market.tick)) },
  });
  const volume = chart.addSeries(HistogramSeries, { priceScaleId: "volume", priceFormat: { type: "volume" } });
  volume.priceScale().applyOptions({ scaleMargins: { top: VOLUME_TOP, bottom: 0 } });
  volume.applyOptions({ lastValueVisible: false, priceLineVisible: false });
  return { chart, candles, volume };
}

/**
 * Candles and volume. The canvas draws in floats: here alone, and only to draw.
 */
export default function Chart({ market, feed, lengthS }: { market: Market; feed: MarketFeed; lengthS: number }) {
  const frame = useRef<HTMLElement>(null);
  const drawn = useRef<Drawn>(undefined);
  const theme = useTheme();
  const { trades } = useFeedView(feed);
  const candles = useCandles(market, trades, lengthS);

  useEffect(() => {
    if (!frame.current) return undefined;
    const made = draw(frame.current, market);
    drawn.current = made;
    return () => {
      drawn.current = undefined;
      made.chart.remove();
    };
  }, [market]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme and the market decide what there is to paint
  useEffect(() => {
    if (drawn.current) paint(drawn.current);
  }, [theme, market]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme decides the colours of the bars
  useEffect(() => {
    const asNumber = (ticks: bigint) => Number(priceText(market, ticks));
    const time = (seconds: number) => seconds as UTCTimestamp;
    drawn.current?.candles.setData(
      candles.map(({ timeS, open, high, low, close }) => ({
        time: time(timeS),
        open: asNumber(open),
        high: asNumber(high),
        low: asNumber(low),
        close: asNumber(close),
      })),
    );
    drawn.current?.volume.setData(
      candles.map(({ timeS, open, close, lots }) => ({
        time: time(timeS),
        value: Number(toText(fromSteps(lots, market.lot))),
        color: colour(close >= open ? "--buy-bar" : "--sell-bar"),
      })),
    );
  }, [candles, market, theme]);

  const last = trades[0];
  const spoken = last ? `Price chart of ${market.symbol}, last price ${showPrice(market, last.ticks)}` : "Price chart";
  return <figure ref={frame} aria-label={spoken} className="absolute inset-0" />;
}
