import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useConfig } from "wagmi";
import { explain } from "@/api/errors";
import { privateKey, useBalances, useWithdrawals } from "@/api/queries";
import type { Withdrawal } from "@/api/types";
import { useExchange } from "@/app/exchange";
import { Dialog } from "@/components/Dialog";
import { Notice } from "@/components/Notice";
import { type Step, Steps, stepState } from "@/components/Steps";
import { TransactionLink } from "@/components/TransactionLink";
import { type Asset, showAmount, steps as toUnits } from "@/markets/model";
import { useAccount } from "@/wallet/account";
import { withdraw } from "@/wallet/funds";
import { AmountForm } from "./AmountForm";
import { MoreOrDone } from "./MoreOrDone";

interface WithdrawDialogProps {
  /** The asset that is chosen at first. */
  initial: Asset;
  onOpenChange: (open: boolean) => void;
}

export default function WithdrawDialog({ initial, onOpenChange }: WithdrawDialogProps) {
  return (
    <Dialog
      open
      onOpenChange={onOpenChange}
      title="Withdraw"
      description="You sign, the exchange co-signs, and the contract pays your wallet. Nobody else can be paid."
    >
      <WithdrawForm initial={initial} onDone={() => onOpenChange(false)} />
    </Dialog>
  );
}

function WithdrawForm({ initial, onDone }: { initial: Asset; onDone: () => void }) {
  const [asset, setAsset] = useState(initial);
  const request = useWithdraw();
  if (!request.data) return <WithdrawAmount asset={asset} onAsset={setAsset} request={request} />;
  return <WithdrawSteps asset={asset} id={request.data.withdrawalId} onAgain={request.reset} onDone={onDone} />;
}

function useWithdraw() {
  const config = useConfig();
  const exchange = useExchange();
  const queries = useQueryClient();
  const { owner } = useAccount();
  return useMutation({
    mutationFn: ({ asset, units }: { asset: Asset; units: bigint }) => {
      if (!owner) throw new Error("Connect a wallet first.");
      return withdraw(config, exchange, asset, owner, units);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: privateKey(owner) }),
  });
}

interface WithdrawAmountProps {
  asset: Asset;
  onAsset: (asset: Asset) => void;
  request: ReturnType<typeof useWithdraw>;
}

function WithdrawAmount({ asset, onAsset, request }: WithdrawAmountProps) {
  const { data } = useBalances();
  const balance = data?.balances.find((candidate) => candidate.asset === asset.symbol);
  return (
    <AmountForm
      verb="Withdraw"
      {...{ asset, onAsset }}
      held={balance && toUnits(balance.available, asset.unit)}
      heldLabel="Available"
      where="are available"
      onAmount={(units) => request.mutate({ asset, units })}
      busyText={request.isPending ? "Confirm in your wallet" : undefined}
    >
      {request.error && <Notice tone="error">{explain(request.error)}</Notice>}
    </AmountForm>
  );
}

/** Steps that are done once a withdrawal is in a state; the next one is in progress. */
const DONE_AT: Record<Withdrawal["state"], number> = {
  REQUESTED: 1,
  APPROVED: 2,
  SENT: 2,
  PAID: 4,
  LAPSED: 2,
  REVERTED: 2,
};

interface WithdrawStepsProps {
  asset: Asset;
  id: number;
  onAgain: () => void;
  onDone: () => void;
}

function WithdrawSteps({ asset, id, onAgain, onDone }: WithdrawStepsProps) {
  const { data } = useWithdrawals();
  const mine = data?.withdrawals.find((row) => row.withdrawalId === id);
  const lapsed = mine?.state === "LAPSED" || mine?.state === "REVERTED";
  const done = mine ? DONE_AT[mine.state] : 1;
  const state = (position: number) => stepState(position, done, lapsed);
  const amount = mine && `${showAmount(asset, toUnits(mine.amount, asset.unit))} ${asset.symbol}`;
  const steps: Step[] = [
    { title: "Signed and taken", state: state(0), detail: amount },
    { title: "Earlier trades settled, exchange co-signed", state: state(1) },
    {
      title: "Paid by the contract",
      state: state(2),
      detail: mine?.transactionHash && <TransactionLink hash={mine.transactionHash} />,
    },
    { title: "In your wallet", state: state(3), detail: mine?.state === "PAID" && "Final on the chain" },
  ];
  return (
    <div className="grid gap-4">
      <Steps label="Withdrawal steps" steps={steps} />
      {lapsed && (
        <Notice tone="warning">
          The contract did not pay before the deadline that you signed.{" "}
          {mine.state === "REVERTED"
            ? "The amount is back in your balance."
            : "The amount is coming back into your balance."}
        </Notice>
      )}
      <MoreOrDone verb="Withdraw" ended={mine?.state === "PAID" || lapsed} onAgain={onAgain} onDone={onDone}>
        You may close this. The withdrawal goes on by itself.
      </MoreOrDone>
    </div>
  );
}
