import type { ReactNode } from "react";
import { classes } from "./classes";

const TONES = {
  plain: "bg-raised text-muted",
  active: "bg-brand-soft text-brand",
  good: "bg-buy-soft text-buy",
  bad: "bg-sell-soft text-sell",
} as const;

export function Badge({ tone, title, children }: { tone: keyof typeof TONES; title?: string; children: ReactNode }) {
  return (
    <span title={title} className={classes("inline-block rounded px-1.5 py-0.5 text-2xs font-medium", TONES[tone])}>
      {children}
    </span>
  );
}
