import { useState } from "react";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { useCancelAll } from "./useCancel";

/** Cancels every open order, after asking. */
export function CancelAll({ count }: { count: number }) {
  const [asking, setAsking] = useState(false);
  const cancelAll = useCancelAll();
  return (
    <>
      <Button size="small" tone="ghost" className="mr-2" onClick={() => setAsking(true)}>
        Cancel all
      </Button>
      <Dialog
        open={asking}
        onOpenChange={setAsking}
        title={count === 1 ? "Cancel 1 open order?" : `Cancel ${count} open orders?`}
        description="They leave the book in every market, and what they reserved becomes available again."
      >
        <div className="flex justify-end gap-2">
          <Button onClick={() => setAsking(false)}>Keep them</Button>
          <Button
            tone="sell"
            busy={cancelAll.isPending}
            onClick={() => cancelAll.mutate(undefined, { onSettled: () => setAsking(false) })}
          >
            Cancel all
          </Button>
        </div>
      </Dialog>
    </>
  );
}
