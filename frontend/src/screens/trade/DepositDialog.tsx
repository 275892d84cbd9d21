import { useState } from "react";
import { useReadContract } from "wagmi";
import { explain } from "@/api/errors";
import { useDeposits } from "@/api/queries";
import type { Deposit } from "@/api/types";
import { useExchange } from "@/app/exchange";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Notice } from "@/components/Notice";
import { type Step, Steps, stepState } from "@/components/Steps";
import { TransactionLink } from "@/components/TransactionLink";
import { type Asset, showAmount } from "@/markets/model";
import { useAccount } from "@/wallet/account";
import { TOKEN_ABI } from "@/wallet/erc20";
import { AmountForm } from "./AmountForm";
import { readAmount } from "./amount";
import { Faucet } from "./Faucet";
import { MoreOrDone } from "./MoreOrDone";
import { type DepositProgress, useDeposit } from "./useDeposit";

interface DepositDialogProps {
  /** The asset that is chosen at first. */
  initial: Asset;
  onOpenChange: (open: boolean) => void;
}

export default function DepositDialog({ initial, onOpenChange }: DepositDialogProps) {
  return (
    <Dialog
      open
      onOpenChange={onOpenChange}
      title="Deposit"
      description="Your tokens move into the exchange's contract, where only you can take them out again."
    >
      <DepositForm initial={initial} onDone={() => onOpenChange(false)} />
    </Dialog>
  );
}

/** What the wallet holds of an asset, in ledger units; undefined while it is read. */
function useWalletUnits(asset: Asset): bigint | undefined {
  const { owner } = useAccount();
  const { data } = useReadContract({
    abi: TOKEN_ABI,
    address: asset.token,
    functionName: "balanceOf",
    args: owner ? [owner] : undefined,
    query: { enabled: owner !== undefined },
  });
  return data === undefined ? undefined : data / asset.unitScale;
}

function DepositForm({ initial, onDone }: { initial: Asset; onDone: () => void }) {
  const [asset, setAsset] = useState(initial);
  const { run, progress, reset } = useDeposit();
  if (!progress) return <DepositAmount asset={asset} onAsset={setAsset} onDeposit={run.mutate} />;
  return <DepositSteps asset={asset} progress={progress} error={run.error} onAgain={reset} onDone={onDone} />;
}

interface DepositAmountProps {
  asset: Asset;
  onAsset: (asset: Asset) => void;
  onDeposit: ReturnType<typeof useDeposit>["run"]["mutate"];
}

function DepositAmount({ asset, onAsset, onDeposit }: DepositAmountProps) {
  const { owner } = useAccount();
  return (
    <AmountForm
      verb="Deposit"
      {...{ asset, onAsset }}
      held={useWalletUnits(asset)}
      heldLabel="In wallet"
      where="are in your wallet"
      onAmount={(units) => owner && onDeposit({ asset, owner, units })}
    >
      <Faucet asset={asset} />
    </AmountForm>
  );
}

interface DepositStepsProps {
  asset: Asset;
  progress: DepositProgress;
  error: Error | null;
  onAgain: () => void;
  onDone: () => void;
}

function DepositSteps({ asset, progress, error, onAgain, onDone }: DepositStepsProps) {
  const { confirmations: required } = useExchange();
  const { data } = useDeposits(true);
  const mine = data?.deposits.find((row) => row.transactionHash.toLowerCase() === progress.deposit?.toLowerCase());
  const credited = mine?.state === "CREDITED";
  const refused = mine?.state === "REFUSED";
  const current = currentStep(progress, mine?.state);
  const state = (position: number) => stepState(position, current, error !== null || refused);
  const count = credited || refused ? required : (mine?.confirmations ?? 0);
  const steps: Step[] = [
    { title: `Approve ${asset.symbol}`, state: state(0), detail: approvalDetail(progress, error !== null) },
    {
      title: "Deposit into the contract",
      state: state(1),
      detail: progress.deposit ? (
        <TransactionLink hash={progress.deposit} />
      ) : (
        state(1) === "active" && "Confirm in your wallet"
      ),
    },
    { title: "Confirmations", state: state(2), detail: current >= 2 && `${count} of ${required}` },
    {
      title: "Credited",
      state: state(3),
      detail: credited && `${showAmount(asset, unitsOf(asset, mine.amount))} ${asset.symbol} can be traded now`,
    },
  ];
  return (
    <div className="grid gap-4">
      <Steps label="Deposit steps" steps={steps} />
      {error && <Notice tone="error">{explain(error)}</Notice>}
      {refused && (
        <Notice tone="error">
          The exchange could not add this deposit to your balance. Your tokens are safe in the contract: withdraw them
          from there with an exit.
        </Notice>
      )}
      {error || refused ? (
        <Button onClick={onAgain}>Back</Button>
      ) : (
        <MoreOrDone verb="Deposit" ended={credited} onAgain={onAgain} onDone={onDone}>
          You may close this. The deposit goes on, and your balances show how far it is.
        </MoreOrDone>
      )}
    </div>
  );
}

const STEPS = { approve: 0, deposit: 1, confirm: 2, credit: 3, done: 4 };

function currentStep(progress: DepositProgress, state: Deposit["state"] | undefined): number {
  if (state === "CREDITED") return STEPS.done;
  return state === "REFUSED" ? STEPS.credit : STEPS[progress.at];
}

function approvalDetail(progress: DepositProgress, failed: boolean) {
  if (progress.approval) return <TransactionLink hash={progress.approval} />;
  if (progress.approvalSkipped) return "Already approved";
  return progress.at === "approve" && !failed && "Confirm in your wallet";
}

function unitsOf(asset: Asset, amount: string): bigint {
  return readAmount(asset, amount, undefined, "").units ?? 0n;
}
