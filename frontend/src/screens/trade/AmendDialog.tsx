import { useState } from "react";
import { explain } from "@/api/errors";
import type { Order } from "@/api/types";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { DecimalField } from "@/components/Field";
import { Notice } from "@/components/Notice";
import { type Market, quantityText, steps } from "@/markets/model";
import { readReduction } from "./amend";
import { useAmend } from "./useCancel";

interface AmendDialogProps {
  market: Market;
  order: Order;
  onOpenChange: (open: boolean) => void;
}

/** Makes an open order smaller. It keeps its price and its place in the queue. */
export default function AmendDialog({ market, order, onOpenChange }: AmendDialogProps) {
  const [text, setText] = useState("");
  const amend = useAmend();
  const remaining = steps(order.remainingQuantity, market.lot);
  const { lots, error } = readReduction(market, text, remaining);
  return (
    <Dialog
      open
      onOpenChange={onOpenChange}
      title="Reduce the order"
      description={`${quantityText(market, remaining)} ${market.base.symbol} may still be filled. The order keeps its place in the queue.`}
    >
      <form
        className="grid gap-4"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (lots === undefined) return;
          amend.mutate(
            { orderId: order.orderId, remaining: quantityText(market, lots) },
            { onSuccess: () => onOpenChange(false) },
          );
        }}
      >
        <DecimalField
          label="Quantity from now on"
          unit={market.base.symbol}
          value={text}
          onValue={setText}
          placeholder={quantityText(market, remaining)}
          error={error}
        />
        {amend.error && <Notice tone="error">{explain(amend.error)}</Notice>}
        <Button type="submit" tone="brand" busy={amend.isPending} disabled={lots === undefined}>
          Reduce
        </Button>
      </form>
    </Dialog>
  );
}
