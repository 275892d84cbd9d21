import { useSyncExternalStore } from "react";

/** Tailwind's `lg`: from here on everything has its place at once. */
const query = window.matchMedia("(min-width: 64rem)");

/** Whether the window is wide enough for the desktop's arrangement. */
export function useWide(): boolean {
  return useSyncExternalStore(
    (listener) => {
      query.addEventListener("change", listener);
      return () => query.removeEventListener("change", listener);
    },
    () => query.matches,
  );
}
