import { useState } from "react";
import type { Order } from "@/api/types";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { useCancelAll } from "./useCancel";

interface CancelAllProps {
  orders: readonly Order[];
  /** The market on the screen. */
  symbol: string;
}

const counted = (count: number) => (count === 1 ? "1 open order" : `${count} open orders`);

/** Cancels every open order, or those of the market on the screen, after asking. */
export function CancelAll({ orders, symbol }: CancelAllProps) {
  const [asking, setAsking] = useState(false);
  const cancelAll = useCancelAll();
  const here = orders.filter((order) => order.market === symbol).length;
  const cancel = (market: string | undefined) => cancelAll.mutate(market, { onSettled: () => setAsking(false) });
  return (
    <>
      <Button size="small" tone="ghost" className="mr-2" onClick={() => setAsking(true)}>
        Cancel all
      </Button>
      <Dialog
        open={asking}
        onOpenChange={setAsking}
        title={`Cancel ${counted(orders.length)}?`}
        description="They leave the book in every market, stops that wait too, and what they reserved becomes available again."
      >
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={() => setAsking(false)}>Keep them</Button>
          {here > 0 && here < orders.length && (
            <Button busy={cancelAll.isPending} onClick={() => cancel(symbol)}>
              {`Cancel ${here} in ${symbol}`}
            </Button>
          )}
          <Button tone="sell" busy={cancelAll.isPending} onClick={() => cancel(undefined)}>
            Cancel all
          </Button>
        </div>
      </Dialog>
    </>
  );
}
