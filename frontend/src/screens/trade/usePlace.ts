import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useConfig } from "wagmi";
import { isDeclined } from "@/api/errors";
import { privateKey } from "@/api/queries";
import { useExchange } from "@/app/exchange";
import { tell } from "@/components/toasts";
import { quantityText, showPrice, steps } from "@/markets/model";
import type { Account } from "@/wallet/account";
import { isStop } from "@/wallet/instructions";
import { type Draft, placeOrder } from "@/wallet/orders";
import { feeCapBps, type TicketContext } from "./ticket";

type PlaceInput = Omit<Draft, "maxFeeBps"> & { readonly context: TicketContext };

/** Why an order ended at once, for people. */
const ENDINGS: Record<string, string> = {
  FOK_KILLED: "it could not be filled whole",
  SELF_TRADE: "it met an order of yours",
  HALTED: "the market was halted",
};

/** Signs and places an order, and tells what became of it. */
export function usePlace({ owner }: Account, onPlaced: () => void) {
  const config = useConfig();
  const exchange = useExchange();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ context, ...draft }: PlaceInput) => {
      if (!owner) throw new Error("Connect a wallet first.");
      return placeOrder(config, exchange, owner, { ...draft, maxFeeBps: feeCapBps(context, exchange.maxFeeBps) });
    },
    onSuccess: (placed, { market, side, lots, instructions }) => {
      const what = `${side === "BUY" ? "Buy" : "Sell"} ${quantityText(market, lots)} ${market.base.symbol}`;
      const filled = `${placed.filledQuantity} ${market.base.symbol} filled`;
      const outcomes: Record<string, [tone: "good" | "plain", title: string]> = {
        FILLED: ["good", "Order filled"],
        PARTIALLY_FILLED: ["good", `Order open, ${filled}`],
        NEW: ["good", isStop(instructions.type) ? "Stop order placed" : "Order placed"],
      };
      const [tone, title] = outcomes[placed.status] ?? ["plain", `Order ended, ${filled}`];
      const why = ENDINGS[placed.cancelReason ?? ""];
      tell(tone, title, `${what} at ${showPrice(market, steps(placed.price, market.tick))}${why ? `: ${why}` : ""}`);
      onPlaced();
    },
    onError: (error) => {
      if (isDeclined(error)) tell("plain", "Order not signed", "You declined in your wallet. Nothing was sent.");
    },
    onSettled: () => queries.invalidateQueries({ queryKey: privateKey(owner) }),
  });
}
