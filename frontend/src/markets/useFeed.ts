import { useEffect, useMemo, useSyncExternalStore } from "react";
import { useStream } from "@/api/StreamProvider";
import { type FeedView, MarketFeed } from "./feed";
import type { Market } from "./model";

/** The feed of a market, for as long as the component that asks for it is on the page. */
export function useMarketFeed(market: Market): MarketFeed {
  const stream = useStream();
  const feed = useMemo(() => new MarketFeed(market), [market]);
  useEffect(() => feed.follow(stream), [feed, stream]);
  return feed;
}

export function useFeedView(feed: MarketFeed): FeedView {
  return useSyncExternalStore(feed.listen, feed.view);
}
