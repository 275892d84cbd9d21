import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, api } from "@/api/client";
import { ApiError, explain } from "@/api/errors";
import { privateKey } from "@/api/queries";
import { tell } from "@/components/toasts";
import { useAccount } from "@/wallet/account";

const NOT_OPEN = "ORDER_NOT_OPEN";

export type Cancel = ReturnType<typeof useCancel>;

/** Takes one order out of the book. The session is enough: no signature is asked for. */
export function useCancel() {
  const { owner } = useAccount();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (orderId: number) =>
      answer(api.DELETE("/api/v1/orders/{order_id}", { params: { path: { order_id: orderId } } })),
    onSuccess: () => tell("good", "Order cancelled"),
    onError: (error) => {
      if (error instanceof ApiError && error.symbol === NOT_OPEN)
        tell("plain", "The order was already done", error.message);
      else tell("bad", "The order was not cancelled", explain(error));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: privateKey(owner) }),
  });
}

/** Takes all of the wallet's orders out of the book of one market, or (undefined) out of all books. */
export function useCancelAll() {
  const { owner } = useAccount();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (market: string | undefined) =>
      answer(api.POST("/api/v1/orders/cancel-all", { body: { asset: null, market: market ?? null } })),
    onSuccess: ({ orderIds }) =>
      tell("good", orderIds.length === 1 ? "1 order cancelled" : `${orderIds.length} orders cancelled`),
    onError: (error) => tell("bad", "The orders were not cancelled", explain(error)),
    onSettled: () => queries.invalidateQueries({ queryKey: privateKey(owner) }),
  });
}
