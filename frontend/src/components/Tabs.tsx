import * as Radix from "@radix-ui/react-tabs";
import type { ReactNode } from "react";
import { classes } from "./classes";

export interface Tab {
  id: string;
  label: ReactNode;
  content: ReactNode;
}

interface TabsProps {
  label: string;
  tabs: readonly Tab[];
  value?: string;
  onValueChange?: (value: string) => void;
  /** What stands at the right end of the row of tabs. */
  aside?: ReactNode;
  className?: string;
}

/** Tabs whose panel fills the height that is left and scrolls by itself. */
export function Tabs({ label, tabs, value, onValueChange, aside, className }: TabsProps) {
  const first = tabs[0]?.id ?? "";
  const control = value === undefined ? { defaultValue: first } : { value };
  return (
    <Radix.Root
      {...control}
      {...(onValueChange ? { onValueChange } : {})}
      className={classes("flex min-h-0 flex-col", className)}
    >
      <div className="flex items-center justify-between gap-3 border-b border-line px-1">
        <Radix.List aria-label={label} className="flex min-w-0 overflow-x-auto [scrollbar-width:none]">
          {tabs.map((tab) => (
            <Radix.Trigger
              key={tab.id}
              value={tab.id}
              className="relative h-10 px-3 text-[0.8125rem] font-medium whitespace-nowrap text-muted transition-colors -outline-offset-2 hover:text-text data-[state=active]:text-text data-[state=active]:after:absolute data-[state=active]:after:inset-x-3 data-[state=active]:after:bottom-0 data-[state=active]:after:h-0.5 data-[state=active]:after:rounded-full data-[state=active]:after:bg-brand"
            >
              {tab.label}
            </Radix.Trigger>
          ))}
        </Radix.List>
        {aside}
      </div>
      {tabs.map((tab) => (
        <Radix.Content key={tab.id} value={tab.id} className="min-h-0 flex-1 overflow-auto -outline-offset-2">
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
