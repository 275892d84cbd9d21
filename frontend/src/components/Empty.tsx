import type { ReactNode } from "react";

/** What stands where there is nothing yet: says so, and what would fill it. */
export function Empty({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className="grid h-full min-h-28 place-items-center p-6 text-center text-[0.8125rem] text-muted">
      <div className="grid justify-items-center gap-3">
        <p>{children}</p>
        {action}
      </div>
    </div>
  );
}
