import { useMutation, useQueryClient } from "@tanstack/react-query";
import { explain } from "@/api/errors";
import { useExchange } from "@/app/exchange";
import { Button } from "@/components/Button";
import { tell } from "@/components/toasts";
import { type Asset, showAmount } from "@/markets/model";
import { useAccount } from "@/wallet/account";
import { LOCAL_CHAIN_ID } from "@/wallet/config";

/** Whole tokens given at a time. */
const GIFT: Record<string, bigint> = { BTC: 2n, QTRA: 10_000n };
const GIFT_ELSE = 100_000n;

/** Test tokens for the asking, on a local chain only: everywhere else it is not there. */
export function Faucet({ asset }: { asset: Asset }) {
  const exchange = useExchange();
  const queries = useQueryClient();
  const { owner } = useAccount();
  const units = (GIFT[asset.symbol] ?? GIFT_ELSE) * 10n ** BigInt(asset.unit.scale);
  const give = useMutation({
    mutationFn: async () => {
      if (!owner) throw new Error("Connect a wallet first.");
      const { giveTestTokens } = await import("@/wallet/faucet");
      await giveTestTokens(exchange, asset, owner, units);
    },
    onSuccess: () => {
      tell("good", `${showAmount(asset, units)} ${asset.symbol} are in your wallet`);
      return queries.invalidateQueries({ queryKey: ["readContract"] });
    },
    onError: (error) => tell("bad", "No test tokens were given", explain(error)),
  });
  if (exchange.chainId !== LOCAL_CHAIN_ID) return null;
  return (
    <div className="flex items-center justify-between gap-3 rounded-lg border border-dashed border-line-strong px-3 py-2">
      <p className="text-xs text-muted">Local chain: tokens are free and worth nothing.</p>
      <Button size="small" busy={give.isPending} onClick={() => give.mutate()}>
        Get test {asset.symbol}
      </Button>
    </div>
  );
}
