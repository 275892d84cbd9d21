import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Socket, Stream, type StreamMessage } from "./stream";

class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];
  send(data: string) {
    this.sent.push(JSON.parse(data));
  }
  close() {
    this.onclose?.();
  }
  give(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  ops() {
    return this.sent.map(({ op, channel, market }) => [op, channel, market].filter(Boolean).join(" "));
  }
}

let sockets: FakeSocket[];
let token: string | undefined;
let stream: Stream;
let seen: StreamMessage[];
const socket = () => sockets.at(-1) as FakeSocket;
const follow = (channel: "book" | "private", market?: string) =>
  stream.subscribe(channel, market, (message) => seen.push(message));

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  seen = [];
  token = undefined;
  stream = new Stream(
    () => {
      sockets.push(new FakeSocket());
      return socket();
    },
    async () => token,
  );
  stream.start();
});
afterEach(() => {
  stream.stop();
  vi.useRealTimers();
});

describe("the stream", () => {
  it("passes on a snapshot and the updates that follow it", () => {
    follow("book", "BTC-USDC");
    socket().onopen?.();
    socket().give({ type: "book_snapshot", market: "BTC-USDC", seq: 5 });
    socket().give({ type: "book_update", market: "BTC-USDC", seq: 9, prevSeq: 5 });
    socket().give({ type: "book_update", market: "QTRA-USDC", seq: 10, prevSeq: 9 });
    expect(seen.map((message) => message.seq)).toEqual([5, 9]);
  });
  it("starts over when an update does not follow the last one", () => {
    follow("book", "BTC-USDC");
    socket().onopen?.();
    socket().give({ type: "book_snapshot", market: "BTC-USDC", seq: 5 });
    socket().give({ type: "book_update", market: "BTC-USDC", seq: 12, prevSeq: 9 });
    socket().give({ type: "book_update", market: "BTC-USDC", seq: 13, prevSeq: 12 });
    socket().give({ type: "book_snapshot", market: "BTC-USDC", seq: 13 });
    expect(seen.map((message) => message.seq)).toEqual([5, 13]);
    expect(socket().ops()).toEqual(["subscribe book BTC-USDC", "unsubscribe book BTC-USDC", "subscribe book BTC-USDC"]);
  });
  it("connects again after a loss, and subscribes to everything again", () => {
    follow("book", "BTC-USDC");
    socket().onopen?.();
    expect(stream.live).toBe(true);
    socket().close();
    expect(stream.live).toBe(false);
    vi.advanceTimersByTime(500);
    expect(sockets).toHaveLength(2);
    socket().onopen?.();
    expect(socket().ops()).toEqual(["subscribe book BTC-USDC"]);
  });
  it("takes silence for a loss, though the socket says nothing", () => {
    socket().onopen?.();
    vi.advanceTimersByTime(4_999);
    socket().give({ type: "heartbeat" });
    vi.advanceTimersByTime(4_999);
    expect(stream.live).toBe(true);
    vi.advanceTimersByTime(1);
    expect(stream.live).toBe(false);
  });
  it("signs in before it asks for the private channel", async () => {
    token = "t";
    socket().onopen?.();
    follow("private");
    await vi.advanceTimersByTimeAsync(0);
    expect(socket().ops()).toEqual(["auth"]);
    socket().give({ type: "ack", op: "auth", id: 1 });
    socket().give({ type: "private_snapshot", seq: 3, orders: [], balances: [] });
    expect(socket().ops()).toEqual(["auth", "subscribe private"]);
    expect(seen).toHaveLength(1);
  });
  it("signs in again when the session's token ran out, and follows a wallet that takes its place", async () => {
    token = "old";
    socket().onopen?.();
    const leave = follow("private");
    await vi.advanceTimersByTimeAsync(0);
    socket().give({ type: "ack", op: "auth", id: 1 });
    token = "new";
    socket().give({ type: "error", id: null, name: "SESSION_EXPIRED" });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(socket().sent.at(-1)).toMatchObject({ op: "auth", token: "new" });
    leave();
    token = "other wallet";
    follow("private");
    await vi.advanceTimersByTimeAsync(0);
    expect(socket().sent.at(-1)).toMatchObject({ op: "auth", token: "other wallet" });
  });
  it("leaves a channel that nobody follows any more", () => {
    socket().onopen?.();
    follow("book", "BTC-USDC")();
    expect(socket().ops()).toEqual(["subscribe book BTC-USDC", "unsubscribe book BTC-USDC"]);
    socket().give({ type: "book_snapshot", market: "BTC-USDC", seq: 5 });
    expect(seen).toHaveLength(0);
  });
});
