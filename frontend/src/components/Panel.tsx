import type { ReactNode } from "react";
import { classes } from "./classes";

interface PanelProps {
  label: string;
  /** The visible heading; without it the label is for screen readers only. */
  title?: string;
  aside?: ReactNode;
  className?: string;
  children: ReactNode;
}

/** A region of a screen, with a name that a screen reader can jump to. */
export function Panel({ label, title, aside, className, children }: PanelProps) {
  return (
    <section aria-label={label} className={classes("flex min-h-0 min-w-0 flex-col bg-panel lg:rounded-xl", className)}>
      {title && (
        <div className="flex h-10 shrink-0 items-center justify-between border-b border-line px-3">
          <h2 className="text-[0.8125rem] font-medium">{title}</h2>
          {aside}
        </div>
      )}
      {children}
    </section>
  );
}
