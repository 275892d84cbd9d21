import { describe, expect, it } from "vitest";
import { Book } from "./book";

const flat = (book: Book, group = 1n) => {
  const view = book.view(group);
  return {
    bids: view.bids.map((l) => [l.ticks, l.lots, l.totalLots]),
    asks: view.asks.map((l) => [l.ticks, l.lots, l.totalLots]),
  };
};

describe("the book", () => {
  it("sorts both sides best first and adds up depth", () => {
    const book = new Book();
    book.reset(
      [
        [99n, 1n],
        [100n, 2n],
      ],
      [
        [103n, 5n],
        [101n, 4n],
      ],
    );
    expect(flat(book)).toEqual({
      bids: [
        [100n, 2n, 2n],
        [99n, 1n, 3n],
      ],
      asks: [
        [101n, 4n, 4n],
        [103n, 5n, 9n],
      ],
    });
  });
  it("replaces a level, takes it out at zero, and forgets everything at a snapshot", () => {
    const book = new Book();
    book.reset([[100n, 2n]], [[101n, 4n]]);
    book.change("bids", [[100n, 7n]]);
    book.change("asks", [
      [101n, 0n],
      [102n, 1n],
    ]);
    expect(flat(book)).toEqual({ bids: [[100n, 7n, 7n]], asks: [[102n, 1n, 1n]] });
    book.reset([], []);
    expect(flat(book)).toEqual({ bids: [], asks: [] });
  });
  it("groups bids down and asks up, so that a group never looks better than its orders", () => {
    const book = new Book();
    book.reset(
      [
        [109n, 1n],
        [100n, 2n],
      ],
      [
        [110n, 4n],
        [111n, 8n],
        [120n, 16n],
      ],
    );
    expect(flat(book, 10n)).toEqual({
      bids: [[100n, 3n, 3n]],
      asks: [
        [110n, 4n, 4n],
        [120n, 24n, 28n],
      ],
    });
  });
});
