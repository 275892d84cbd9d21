import type { ReactNode } from "react";
import { Button } from "@/components/Button";

interface MoreOrDoneProps {
  /** What can be done once more, such as "Deposit". */
  verb: string;
  /** Whether it has come to its end, good or bad. */
  ended: boolean;
  onAgain: () => void;
  onDone: () => void;
  /** Said until then. */
  children: ReactNode;
}

/** The end of a dialog of steps. */
export function MoreOrDone({ verb, ended, onAgain, onDone, children }: MoreOrDoneProps) {
  if (!ended) return <p className="text-xs text-muted">{children}</p>;
  return (
    <div className="grid grid-cols-2 gap-2">
      <Button onClick={onAgain}>{verb} more</Button>
      <Button tone="brand" onClick={onDone}>
        Done
      </Button>
    </div>
  );
}
