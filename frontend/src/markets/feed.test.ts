import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Stream, StreamMessage } from "@/api/stream";
import { decimal } from "@/lib/money";
import { MarketFeed } from "./feed";
import type { Market } from "./model";

const market = {
  symbol: "BTC-USDC",
  state: { status: "TRADING", killed: false },
  tick: decimal("0.1"),
  lot: decimal("0.001"),
} as Market;
const handlers = new Map<string, (message: StreamMessage) => void>();
const left: string[] = [];
const stream = {
  subscribe(channel: string, _market: string, handler: (message: StreamMessage) => void) {
    handlers.set(channel, handler);
    return () => left.push(channel);
  },
} as unknown as Stream;
const give = (channel: string, message: object) => handlers.get(channel)?.(message as StreamMessage);
const trade = (tradeId: number) => ({ tradeId, price: "10.1", quantity: "1", takerSide: "BUY", timestampMs: tradeId });

let feed: MarketFeed;
let leave: () => void;
beforeEach(() => {
  vi.useFakeTimers();
  feed = new MarketFeed(market);
  leave = feed.follow(stream);
});
afterEach(() => {
  leave();
  vi.useRealTimers();
});

describe("a market's feed", () => {
  it("is live once both snapshots are there, and shows the best prices", () => {
    give("book", { type: "book_snapshot", seq: 1, bids: [["9.9", "1"]], asks: [["10.1", "2"]] });
    vi.advanceTimersByTime(100);
    expect(feed.view()).toMatchObject({ live: false, best: { bid: 99n, ask: 101n } });
    give("trades", { type: "trades_snapshot", seq: 0, trades: [] });
    vi.advanceTimersByTime(100);
    expect(feed.view().live).toBe(true);
  });
  it("tells what the market takes: what the document said, then what the stream says", () => {
    expect(feed.view().state).toEqual({ status: "TRADING", killed: false });
    give("status", { type: "status_update", seq: 3, prevSeq: 1, status: "HALT", killed: false });
    vi.advanceTimersByTime(100);
    expect(feed.view().state).toEqual({ status: "HALT", killed: false });
  });
  it("takes in updates: an empty level goes, a new trade comes first", () => {
    give("book", { type: "book_snapshot", seq: 1, bids: [["9.9", "1"]], asks: [] });
    give("book", {
      type: "book_update",
      seq: 2,
      prevSeq: 1,
      bids: [
        ["9.9", "0"],
        ["9.8", "3"],
      ],
      asks: [],
    });
    give("trades", { type: "trades_snapshot", seq: 2, trades: [trade(1), trade(2)] });
    give("trades", { type: "trades_update", seq: 4, prevSeq: 2, trades: [trade(3), trade(4)] });
    vi.advanceTimersByTime(100);
    expect(feed.view().best.bid).toBe(98n);
    expect(feed.view().trades.map(({ id }) => id)).toEqual([4, 3, 2, 1]);
  });
  it("draws a burst once, and the same object until something changes", () => {
    const told = vi.fn();
    feed.listen(told);
    for (let seq = 1; seq <= 50; seq += 1) give("book", { type: "book_snapshot", seq, bids: [], asks: [] });
    vi.advanceTimersByTime(1_000);
    expect(told).toHaveBeenCalledTimes(1);
    expect(feed.view()).toBe(feed.view());
  });
  it("leaves every channel", () => {
    left.length = 0;
    leave();
    expect(left).toEqual(["book", "trades", "status"]);
  });
});
