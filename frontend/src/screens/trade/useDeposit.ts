import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Address, Hash } from "viem";
import { useConfig } from "wagmi";
import { privateKey } from "@/api/queries";
import { useExchange } from "@/app/exchange";
import type { Asset } from "@/markets/model";
import { approve, deposit, isApproved } from "@/wallet/funds";

/** How far a deposit of this dialog is; hashes are there as soon as the wallet has sent the transaction. */
export interface DepositProgress {
  readonly at: "approve" | "deposit" | "confirm";
  readonly approvalSkipped: boolean;
  readonly approval: Hash | undefined;
  readonly deposit: Hash | undefined;
}

const START: DepositProgress = { at: "approve", approvalSkipped: false, approval: undefined, deposit: undefined };

export interface DepositInput {
  asset: Asset;
  owner: Address;
  units: bigint;
}

/** Approves if needed, then deposits. What follows (confirmations, credit) the exchange reports. */
export function useDeposit() {
  const config = useConfig();
  const exchange = useExchange();
  const queries = useQueryClient();
  const [progress, setProgress] = useState<DepositProgress>();
  const advance = (change: Partial<DepositProgress>) => setProgress((now) => ({ ...(now ?? START), ...change }));

  const run = useMutation({
    mutationFn: async ({ asset, owner, units }: DepositInput) => {
      setProgress(START);
      if (await isApproved(config, exchange, asset, owner, units)) advance({ approvalSkipped: true });
      else await approve(config, exchange, asset, units, (hash) => advance({ approval: hash }));
      advance({ at: "deposit" });
      await deposit(config, exchange, asset, units, (hash) => advance({ deposit: hash }));
      advance({ at: "confirm" });
    },
    onSettled: (_data, _error, { owner }) =>
      Promise.all([
        queries.invalidateQueries({ queryKey: privateKey(owner) }),
        queries.invalidateQueries({ queryKey: ["readContract"] }),
      ]),
  });
  const reset = () => {
    run.reset();
    setProgress(undefined);
  };
  return { run, progress, reset };
}
