import type { ReactNode } from "react";
import { classes } from "./classes";

const TONES = {
  error: "bg-sell-soft text-sell",
  warning: "bg-warn-soft text-warn",
  info: "bg-brand-soft text-text",
} as const;

/** A short message in its place. Errors and warnings are announced to screen readers at once. */
export function Notice({ tone, children }: { tone: keyof typeof TONES; children: ReactNode }) {
  return (
    <div
      role={tone === "info" ? "status" : "alert"}
      className={classes("rounded-lg px-3 py-2 text-xs leading-relaxed wrap-anywhere", TONES[tone])}
    >
      {children}
    </div>
  );
}
