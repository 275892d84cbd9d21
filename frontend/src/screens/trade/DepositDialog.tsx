import { useState } from "react";
import { useReadContract } from "wagmi";
import { explain } from "@/api/errors";
import { useDeposits } from "@/api/queries";
import type { Deposit } from "@/api/types";
import { useExchange } from "@/app/exchange";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { DecimalField } from "@/components/Field";
import { Notice } from "@/components/Notice";
import { type Step, type StepState, Steps } from "@/components/Steps";
import { TransactionLink } from "@/components/TransactionLink";
import { type Asset, amountText, showAmount } from "@/markets/model";
import { useAccount } from "@/wallet/account";
import { TOKEN_ABI } from "@/wallet/erc20";
import { AssetChoice } from "./AssetChoice";
import { readAmount } from "./amount";
import { Faucet } from "./Faucet";
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
  const [text, setText] = useState("");
  const { owner } = useAccount();
  const held = useWalletUnits(asset);
  const { units, error } = readAmount(asset, text, held, "are in your wallet");
  const shown = held === undefined ? "–" : showAmount(asset, held);
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (owner && units) onDeposit({ asset, owner, units });
      }}
    >
      <AssetChoice label="Asset to deposit" asset={asset} onAsset={onAsset} />
      <DecimalField
        label="Amount to deposit"
        unit={asset.symbol}
        value={text}
        onValue={setText}
        error={error}
        placeholder="0.00"
        aside={
          <span className="flex gap-2">
            <span data-field="wallet-balance">
              In wallet: {shown} {asset.symbol}
            </span>
            <button
              type="button"
              disabled={!held}
              onClick={() => setText(amountText(asset, held ?? 0n))}
              className="rounded font-medium text-brand disabled:opacity-40"
            >
              Max
            </button>
          </span>
        }
      />
      <Faucet asset={asset} />
      <Button type="submit" tone="brand" size="large" disabled={!units}>
        Deposit {asset.symbol}
      </Button>
    </form>
  );
}

interface DepositStepsProps {
  asset: Asset;
  progress: DepositProgress;
  error: Error | null;
  onAgain: () => void;
  onDone: () => void;
}

function stateOf(position: number, current: number, failed: boolean): StepState {
  if (position < current) return "done";
  if (position > current) return "waiting";
  return failed ? "failed" : "active";
}

function DepositSteps({ asset, progress, error, onAgain, onDone }: DepositStepsProps) {
  const { confirmations: required } = useExchange();
  const { data } = useDeposits(true);
  const mine = data?.deposits.find((row) => row.transactionHash.toLowerCase() === progress.deposit?.toLowerCase());
  const credited = mine?.state === "CREDITED";
  const refused = mine?.state === "REFUSED";
  const current = currentStep(progress, mine?.state);
  const state = (position: number) => stateOf(position, current, error !== null || refused);
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
        <Outcome credited={credited} onAgain={onAgain} onDone={onDone} />
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

function Outcome({ credited, onAgain, onDone }: { credited: boolean; onAgain: () => void; onDone: () => void }) {
  if (!credited) {
    return (
      <p className="text-xs text-muted">
        You may close this. The deposit goes on, and your balances show how far it is.
      </p>
    );
  }
  return (
    <div className="grid grid-cols-2 gap-2">
      <Button onClick={onAgain}>Deposit more</Button>
      <Button tone="brand" onClick={onDone}>
        Done
      </Button>
    </div>
  );
}
