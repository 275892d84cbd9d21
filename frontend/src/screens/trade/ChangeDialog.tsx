import { useState } from "react";
import { explain, isDeclined } from "@/api/errors";
import type { Order } from "@/api/types";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { DecimalField } from "@/components/Field";
import { Notice } from "@/components/Notice";
import type { Market } from "@/markets/model";
import { readChange } from "./change";
import { useChange } from "./useChange";

interface ChangeDialogProps {
  market: Market;
  order: Order;
  onOpenChange: (open: boolean) => void;
}

const HINTS = {
  amend: "It keeps its place in the queue. Nothing needs to be signed.",
  replace: "You sign a new order. It takes the place of this one in one step, and queues up last at its price.",
} as const;

/** Changes price or quantity of an open order. */
export default function ChangeDialog({ market, order, onOpenChange }: ChangeDialogProps) {
  const [price, setPrice] = useState(order.price);
  const [stopPrice, setStopPrice] = useState(order.stopPrice ?? "");
  const [quantity, setQuantity] = useState(order.remainingQuantity);
  const reading = readChange(market, order, { price, stopPrice, quantity });
  const change = useChange(market, order, () => onOpenChange(false));
  return (
    <Dialog
      open
      onOpenChange={onOpenChange}
      title="Change the order"
      description={`${order.side === "BUY" ? "Buy" : "Sell"} order of which ${order.remainingQuantity} ${market.base.symbol} may still be filled.`}
    >
      <form
        className="grid gap-4"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (reading.way) change.mutate(reading);
        }}
      >
        {order.stopPrice !== null && (
          <DecimalField
            label="New stop price"
            unit={market.quote.symbol}
            value={stopPrice}
            onValue={setStopPrice}
            error={reading.stopError}
          />
        )}
        <DecimalField
          label={order.type === "STOP_MARKET" ? "New worst price" : "New price"}
          unit={market.quote.symbol}
          value={price}
          onValue={setPrice}
          error={reading.priceError}
        />
        <DecimalField
          label="Quantity from now on"
          unit={market.base.symbol}
          value={quantity}
          onValue={setQuantity}
          error={reading.quantityError}
        />
        {reading.way && <p className="text-xs text-muted">{HINTS[reading.way]}</p>}
        {change.error && !isDeclined(change.error) && <Notice tone="error">{explain(change.error)}</Notice>}
        <Button type="submit" tone="brand" busy={change.isPending} disabled={!reading.way}>
          {change.isPending && reading.way === "replace" ? "Confirm in your wallet" : "Change"}
        </Button>
      </form>
    </Dialog>
  );
}
