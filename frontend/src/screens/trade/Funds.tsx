import { Suspense, useState } from "react";
import { useBalances, useDeposits } from "@/api/queries";
import type { Balance, Balances, Deposit } from "@/api/types";
import { useExchange } from "@/app/exchange";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { ArrowDownIcon, ArrowUpIcon } from "@/components/icons";
import { lazyPart } from "@/lib/lazyPart";
import { type Asset, type Market, showAmount, steps } from "@/markets/model";
import { useAccount } from "@/wallet/account";
import { useOpenConnect } from "@/wallet/ConnectProvider";

const DepositDialog = lazyPart(() => import("./DepositDialog"));
const WithdrawDialog = lazyPart(() => import("./WithdrawDialog"));

type Open = "deposit" | "withdraw" | undefined;

/** What the wallet holds at the exchange, and the ways in and out. */
export function Funds({ market }: { market: Market }) {
  const [open, setOpen] = useState<Open>();
  const { signedIn, stage } = useAccount();
  const openConnect = useOpenConnect();
  const { data } = useBalances();
  const enter = (which: Open) => (stage === "ready" ? setOpen(which) : openConnect());
  const close = (isOpen: boolean) => !isOpen && setOpen(undefined);
  return (
    <div className="grid gap-3 p-3">
      <div className="grid grid-cols-2 gap-2">
        <Button onClick={() => enter("deposit")}>
          <ArrowDownIcon /> Deposit
        </Button>
        <Button onClick={() => enter("withdraw")}>
          <ArrowUpIcon /> Withdraw
        </Button>
      </div>
      {signedIn && data ? (
        <BalanceTable balances={data} />
      ) : (
        <Empty>{signedIn ? "Reading your balances" : "Your balances appear here once you are signed in."}</Empty>
      )}
      <Suspense fallback={null}>
        {open === "deposit" && <DepositDialog initial={market.quote} onOpenChange={close} />}
        {open === "withdraw" && <WithdrawDialog initial={market.quote} onOpenChange={close} />}
      </Suspense>
    </div>
  );
}

function BalanceTable({ balances }: { balances: Balances }) {
  const { assets } = useExchange();
  const { data } = useDeposits();
  const pending = data?.deposits.filter((deposit) => deposit.state === "PENDING") ?? [];
  const rows = assets.flatMap((asset) => {
    const balance = balances.balances.find((candidate) => candidate.asset === asset.symbol);
    return balance ? [{ asset, balance }] : [];
  });
  return (
    <table aria-label="Balances" className="w-full text-xs tabular-nums">
      <thead className="text-2xs text-muted">
        <tr>
          <th scope="col" className="h-6 text-left font-normal">
            Asset
          </th>
          <th scope="col" className="text-right font-normal">
            Available
          </th>
          <th scope="col" className="text-right font-normal">
            In orders
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ asset, balance }) => (
          <BalanceRow key={asset.id} asset={asset} balance={balance} pending={pending} />
        ))}
      </tbody>
    </table>
  );
}

interface BalanceRowProps {
  asset: Asset;
  balance: Balance;
  pending: readonly Deposit[];
}

function BalanceRow({ asset, balance, pending }: BalanceRowProps) {
  const coming = pending.filter((deposit) => deposit.asset === asset.symbol);
  const leaving = steps(balance.pendingWithdrawal, asset.unit);
  const show = (text: string) => showAmount(asset, steps(text, asset.unit));
  return (
    <>
      <tr data-asset={asset.symbol}>
        <th scope="row" className="h-7 text-left font-medium">
          {asset.symbol}
        </th>
        <td className="text-right" title={`Total ${balance.total}`} data-field="available">
          {show(balance.available)}
        </td>
        <td className="text-right text-muted" data-field="reserved">
          {show(balance.reserved)}
        </td>
      </tr>
      {coming.map((deposit) => (
        <tr key={deposit.transactionHash} className="text-2xs text-muted">
          <td colSpan={3} className="pb-1.5">
            <span className="text-brand">+{show(deposit.amount)}</span> arriving, confirmation {deposit.confirmations}{" "}
            of {deposit.confirmationsRequired}
          </td>
        </tr>
      ))}
      {leaving > 0n && (
        <tr className="text-2xs text-muted">
          <td colSpan={3} className="pb-1.5">
            −{showAmount(asset, leaving)} on its way to your wallet
          </td>
        </tr>
      )}
    </>
  );
}
