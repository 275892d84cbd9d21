import type { Stream, StreamMessage } from "@/api/stream";
import { Book, type BookView } from "./book";
import { type Market, type MarketState, steps } from "./model";

/** A trade, with its numbers as whole numbers. `side` is that of the order that came in. */
export interface Tick {
  readonly id: number;
  readonly ticks: bigint;
  readonly lots: bigint;
  readonly side: "BUY" | "SELL";
  readonly timeMs: number;
}

/** What the page shows of a market at one moment. A new object each time something changed. */
export interface FeedView {
  readonly book: { view(group?: bigint): BookView };
  /** Newest first. */
  readonly trades: readonly Tick[];
  readonly best: { readonly bid: bigint | undefined; readonly ask: bigint | undefined };
  /** What the market takes now. */
  readonly state: MarketState;
  /** The snapshots of book and trades are there. */
  readonly live: boolean;
}

type LevelText = readonly [price: string, quantity: string];

interface BookMessage extends StreamMessage {
  readonly bids: readonly LevelText[];
  readonly asks: readonly LevelText[];
}

interface TradesMessage extends StreamMessage {
  readonly trades: readonly {
    tradeId: number;
    price: string;
    quantity: string;
    takerSide: "BUY" | "SELL";
    timestampMs: number;
  }[];
}

type StatusMessage = StreamMessage & MarketState;

const TRADES_KEPT = 2_000;
/** People cannot read faster; the page does not draw faster. */
const DRAW_EVERY_MS = 100;

/** Book, trades and status of one market, followed on the stream, and told to the screen at a pace it can draw. */
export class MarketFeed {
  private readonly book = new Book();
  private trades: readonly Tick[] = [];
  private state: MarketState;
  private readonly have = { book: false, trades: false };
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private shown: FeedView;

  constructor(readonly market: Market) {
    this.state = market.state;
    this.shown = this.draw();
  }

  /** Follows the stream until the returned function is called. */
  follow(stream: Stream): () => void {
    const { symbol } = this.market;
    const leaveBook = stream.subscribe("book", symbol, (message) => this.onBook(message as BookMessage));
    const leaveTrades = stream.subscribe("trades", symbol, (message) => this.onTrades(message as TradesMessage));
    const leaveStatus = stream.subscribe("status", symbol, (message) => this.onStatus(message as StatusMessage));
    return () => {
      leaveBook();
      leaveTrades();
      leaveStatus();
      clearTimeout(this.timer);
      this.timer = undefined;
    };
  }

  readonly view = (): FeedView => this.shown;

  readonly listen = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private onBook(message: BookMessage): void {
    const { tick, lot } = this.market;
    const read = (levels: readonly LevelText[]) =>
      levels.map(([price, quantity]) => [steps(price, tick), steps(quantity, lot)] as const);
    const [bids, asks] = [read(message.bids), read(message.asks)];
    if (message.type === "book_snapshot") {
      this.book.reset(bids, asks);
      this.have.book = true;
    } else {
      this.book.change("bids", bids);
      this.book.change("asks", asks);
    }
    this.changed();
  }

  private onTrades(message: TradesMessage): void {
    const { tick, lot } = this.market;
    const news = message.trades
      .map((trade) => ({
        id: trade.tradeId,
        ticks: steps(trade.price, tick),
        lots: steps(trade.quantity, lot),
        side: trade.takerSide,
        timeMs: trade.timestampMs,
      }))
      .reverse();
    const isSnapshot = message.type === "trades_snapshot";
    this.trades = (isSnapshot ? news : [...news, ...this.trades]).slice(0, TRADES_KEPT);
    this.have.trades ||= isSnapshot;
    this.changed();
  }

  private onStatus({ status, killed }: StatusMessage): void {
    this.state = { status, killed };
    this.changed();
  }

  private changed(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.shown = this.draw();
      for (const listener of this.listeners) listener();
    }, DRAW_EVERY_MS);
  }

  private draw(): FeedView {
    const { bids, asks } = this.book.view();
    return {
      book: { view: (group) => this.book.view(group) },
      trades: this.trades,
      best: { bid: bids[0]?.ticks, ask: asks[0]?.ticks },
      state: this.state,
      live: this.have.book && this.have.trades,
    };
  }
}
