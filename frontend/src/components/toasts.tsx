import { useSyncExternalStore } from "react";
import { classes } from "./classes";
import { CloseIcon } from "./icons";

export interface Toast {
  id: number;
  tone: "good" | "bad" | "plain";
  title: string;
  detail?: string | undefined;
}

const SHOWN_MS = 6_000;
const SHOWN_AT_ONCE = 4;
let toasts: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]) {
  toasts = next;
  for (const listener of listeners) listener();
}

function dismiss(id: number) {
  set(toasts.filter((toast) => toast.id !== id));
}

/** Tells the person something that happened, for a few seconds; bad news stays twice as long. */
export function tell(tone: Toast["tone"], title: string, detail?: string) {
  lastId += 1;
  const id = lastId;
  set([...toasts, { id, tone, title, detail }].slice(-SHOWN_AT_ONCE));
  setTimeout(() => dismiss(id), tone === "bad" ? 2 * SHOWN_MS : SHOWN_MS);
}

const EDGES = { good: "border-l-buy", bad: "border-l-sell", plain: "border-l-brand" } as const;

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div
      aria-live="polite"
      className="pointer-events-none fixed right-4 bottom-4 left-4 z-60 grid gap-2 sm:left-auto sm:w-88"
    >
      {shown.map((toast) => (
        <div
          key={toast.id}
          className={classes(
            "pointer-events-auto flex items-start gap-3 rounded-lg border border-l-4 border-line bg-panel p-3 shadow-xl",
            EDGES[toast.tone],
          )}
        >
          <div className="min-w-0 flex-1">
            <p className="text-[0.8125rem] font-medium">{toast.title}</p>
            {toast.detail && <p className="mt-0.5 text-xs wrap-anywhere text-muted">{toast.detail}</p>}
          </div>
          <button
            type="button"
            aria-label="Dismiss"
            onClick={() => dismiss(toast.id)}
            className="grid size-6 place-items-center rounded text-muted hover:text-text"
          >
            <CloseIcon />
          </button>
        </div>
      ))}
    </div>
  );
}
