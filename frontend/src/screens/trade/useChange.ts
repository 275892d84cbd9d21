import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useConfig } from "wagmi";
import { answer, api } from "@/api/client";
import { privateKey, useAccountInfo } from "@/api/queries";
import type { Order } from "@/api/types";
import { useExchange } from "@/app/exchange";
import { tell } from "@/components/toasts";
import { type Market, quantityText } from "@/markets/model";
import { useAccount } from "@/wallet/account";
import { replaceOrder } from "@/wallet/orders";
import type { ChangeReading } from "./change";
import { feeCapBps } from "./ticket";

/** Makes an open order smaller where it stands, or signs a new one in its place. */
export function useChange(market: Market, order: Order, onChanged: () => void) {
  const { owner } = useAccount();
  const config = useConfig();
  const exchange = useExchange();
  const queries = useQueryClient();
  const fees = useAccountInfo().data?.fees;
  return useMutation({
    mutationFn: async ({ way, ticks, lots, stopTicks }: ChangeReading) => {
      if (!owner || ticks === undefined || lots === undefined) throw new Error("Connect a wallet first.");
      const { orderId, side } = order;
      if (way === "amend") {
        const params = { path: { order_id: orderId } };
        return answer(
          api.PATCH("/api/v1/orders/{order_id}", { params, body: { remaining: quantityText(market, lots) } }),
        );
      }
      const { timeInForce, type, postOnly, selfTradePrevention } = order;
      // What the new order signs as its cap is what the account pays now.
      const rates = fees && { takerPpm: BigInt(fees.takerPpm), makerPpm: BigInt(fees.makerPpm) };
      const maxFeeBps = rates ? feeCapBps(rates, exchange.maxFeeBps) : order.maxFeeBps;
      const instructions = { timeInForce, type, postOnly, selfTradePrevention };
      const draft = { market, side, instructions, ticks, lots, stopTicks, maxFeeBps };
      return replaceOrder(config, exchange, owner, draft, order);
    },
    onSuccess: (_, { way }) => {
      tell("good", way === "amend" ? "Order reduced" : "Order replaced");
      onChanged();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: privateKey(owner) }),
  });
}
