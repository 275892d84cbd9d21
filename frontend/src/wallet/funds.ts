import type { Address, Hash } from "viem";
import type { Config } from "wagmi";
import { readContract, signTypedData, waitForTransactionReceipt, writeContract } from "wagmi/actions";
import { answer, api } from "@/api/client";
import { type Asset, amountText, type Exchange } from "@/markets/model";
import { TOKEN_ABI } from "./erc20";
import { SETTLEMENT_ABI } from "./settlement";
import { signingDomain, WITHDRAWAL_TYPES } from "./typedData";

/** A withdrawal that the contract has not paid by then goes back into the balance. */
const WITHDRAWAL_LIFETIME_S = 3_600;

/** Waits until a transaction is in a block. Throws when the chain refused it. */
async function included(config: Config, hash: Hash, what: string): Promise<void> {
  const receipt = await waitForTransactionReceipt(config, { hash });
  if (receipt.status !== "success") throw new Error(`The chain refused the ${what}. Your tokens did not move.`);
}

/** Whether `Settlement` may already take so many units of the wallet's tokens. */
export async function isApproved(config: Config, exchange: Exchange, asset: Asset, owner: Address, units: bigint) {
  const allowance = await readContract(config, {
    abi: TOKEN_ABI,
    address: asset.token,
    functionName: "allowance",
    args: [owner, exchange.settlement],
  });
  return allowance >= units * asset.unitScale;
}

/** Allows `Settlement` to take exactly so many units. `onHash` is told the transaction as soon as it is sent. */
export async function approve(
  config: Config,
  exchange: Exchange,
  asset: Asset,
  units: bigint,
  onHash: (hash: Hash) => void,
): Promise<void> {
  const hash = await writeContract(config, {
    abi: TOKEN_ABI,
    address: asset.token,
    functionName: "approve",
    args: [exchange.settlement, units * asset.unitScale],
    chainId: exchange.chainId,
  });
  onHash(hash);
  await included(config, hash, "approval");
}

/** Moves so many units from the wallet into the exchange's contract. */
export async function deposit(
  config: Config,
  exchange: Exchange,
  asset: Asset,
  units: bigint,
  onHash: (hash: Hash) => void,
): Promise<void> {
  const hash = await writeContract(config, {
    abi: SETTLEMENT_ABI,
    address: exchange.settlement,
    functionName: "deposit",
    args: [asset.id, units * asset.unitScale],
    chainId: exchange.chainId,
  });
  onHash(hash);
  await included(config, hash, "deposit");
}

/** Signs a withdrawal and hands it in. The funds leave the available balance at once; the contract pays the owner. */
export async function withdraw(config: Config, exchange: Exchange, asset: Asset, owner: Address, units: bigint) {
  const nonce = BigInt(Date.now());
  const deadline = Math.floor(Date.now() / 1000) + WITHDRAWAL_LIFETIME_S;
  const signature = await signTypedData(config, {
    domain: signingDomain(exchange),
    types: WITHDRAWAL_TYPES,
    primaryType: "Withdrawal",
    message: { asset: asset.id, amount: units, nonce, deadline },
  });
  return answer(
    api.POST("/api/v1/withdrawals", {
      body: { asset: asset.symbol, amount: amountText(asset, units), nonce: String(nonce), deadline, owner, signature },
    }),
  );
}
