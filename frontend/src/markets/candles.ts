import { larger } from "@/lib/money";
import type { Tick } from "./feed";

/** Prices of one stretch of time, in ticks. */
export interface Candle {
  /** Start, in seconds since 1970. */
  readonly timeS: number;
  readonly open: bigint;
  readonly high: bigint;
  readonly low: bigint;
  readonly close: bigint;
  readonly lots: bigint;
}

const MINUTE_S = 60;

function smaller(a: bigint, b: bigint): bigint {
  return -larger(-a, -b);
}

/** The candle of two that follow each other. */
function join(earlier: Candle, later: Candle): Candle {
  return {
    timeS: earlier.timeS,
    open: earlier.open,
    high: larger(earlier.high, later.high),
    low: smaller(earlier.low, later.low),
    close: later.close,
    lots: earlier.lots + later.lots,
  };
}

/** Candles, oldest first, gathered into longer ones. Stretches without a trade have none. */
export function gather(candles: Iterable<Candle>, lengthS: number): Candle[] {
  const gathered: Candle[] = [];
  for (const candle of candles) {
    const timeS = Math.floor(candle.timeS / lengthS) * lengthS;
    const last = gathered.at(-1);
    if (last?.timeS === timeS) gathered[gathered.length - 1] = join(last, candle);
    else gathered.push({ ...candle, timeS });
  }
  return gathered;
}

/**
 * The minutes that the exchange told of, continued by the trades that came in since (newest first). Of the minute of
 * the oldest trade held there may be earlier trades that are not held, so trades count from the next minute on.
 */
export function continued(minutes: readonly Candle[], trades: readonly Tick[]): Candle[] {
  const oldest = trades.at(-1);
  if (!oldest) return [...minutes];
  const liveFromS = (Math.floor(oldest.timeMs / 1000 / MINUTE_S) + 1) * MINUTE_S;
  const live = trades
    .map(({ timeMs, ticks, lots }) => ({
      timeS: Math.floor(timeMs / 1000),
      open: ticks,
      high: ticks,
      low: ticks,
      close: ticks,
      lots,
    }))
    .filter((candle) => candle.timeS >= liveFromS)
    .reverse();
  return [...minutes.filter((candle) => candle.timeS < liveFromS), ...gather(live, MINUTE_S)];
}
