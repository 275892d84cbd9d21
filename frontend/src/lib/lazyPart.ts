import { type ComponentType, type LazyExoticComponent, lazy } from "react";

const RETRY_FIRST_MS = 500;
const RETRY_LAST_MS = 5_000;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * What `load` resolves to, asked for again until it comes: the exchange may be restarting while a person opens a part
 * of the page that has not been fetched yet.
 */
export async function untilLoaded<T>(load: () => Promise<T>, wait: (ms: number) => Promise<void> = pause): Promise<T> {
  for (let ms = RETRY_FIRST_MS; ; ms = Math.min(ms * 2, RETRY_LAST_MS)) {
    try {
      return await load();
    } catch {
      await wait(ms);
    }
  }
}

/** A part of the page that is fetched when it is first shown. */
// biome-ignore lint/suspicious/noExplicitAny: the props of a component are its own business
export function lazyPart<T extends ComponentType<any>>(load: () => Promise<{ default: T }>): LazyExoticComponent<T> {
  return lazy(() => untilLoaded(load));
}
