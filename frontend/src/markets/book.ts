/** One price of a side of the book. `totalLots` adds up from the best price to this one. */
export interface Level {
  readonly ticks: bigint;
  readonly lots: bigint;
  readonly totalLots: bigint;
}

export interface BookView {
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

export type BookSide = "bids" | "asks";
export type Change = readonly [ticks: bigint, lots: bigint];

/** The price levels of one market, as snapshots and updates leave them. */
export class Book {
  private readonly sides = { bids: new Map<bigint, bigint>(), asks: new Map<bigint, bigint>() };

  /** Takes on a snapshot in place of everything known. */
  reset(bids: Iterable<Change>, asks: Iterable<Change>): void {
    this.sides.bids.clear();
    this.sides.asks.clear();
    this.change("bids", bids);
    this.change("asks", asks);
  }

  /** Sets the quantity at each price; zero takes the price out. */
  change(side: BookSide, changes: Iterable<Change>): void {
    const levels = this.sides[side];
    for (const [ticks, lots] of changes) {
      if (lots === 0n) levels.delete(ticks);
      else levels.set(ticks, lots);
    }
  }

  /** Both sides, best first, prices gathered in groups of `group` ticks. */
  view(group = 1n): BookView {
    return { bids: gather(this.sides.bids, "bids", group), asks: gather(this.sides.asks, "asks", group) };
  }
}

/** Groups never flatter: a bid counts at the price below, an ask at the price above. */
function gather(levels: ReadonlyMap<bigint, bigint>, side: BookSide, group: bigint): Level[] {
  const groups = new Map<bigint, bigint>();
  for (const [ticks, lots] of levels) {
    const at = groupOf(ticks, side, group);
    groups.set(at, (groups.get(at) ?? 0n) + lots);
  }
  const sorted = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  if (side === "bids") sorted.reverse();
  let totalLots = 0n;
  return sorted.map(([ticks, lots]) => {
    totalLots += lots;
    return { ticks, lots, totalLots };
  });
}

/** The group that a price falls in. */
export function groupOf(ticks: bigint, side: BookSide, group: bigint): bigint {
  const below = (ticks / group) * group;
  return side === "bids" || below === ticks ? below : below + group;
}
