import {
  type Address,
  createTestClient,
  encodeFunctionData,
  http,
  parseEther,
  publicActions,
  walletActions,
} from "viem";
import type { Asset, Exchange } from "@/markets/model";
import { settlementChain } from "./config";
import { TOKEN_ABI } from "./erc20";

/** The one listed token that nobody can mint. */
const FIXED_SUPPLY = "QTRA";
/** Gas money of a wallet that the faucet has served. */
const GAS_MONEY = parseEther("10");

/**
 * Gives a wallet test tokens, and the ether to move them with. Only a local chain can: its node sets balances, and
 * sends for its own accounts, of which the first deployed the exchange. QTRA has a fixed supply, so the deployer gives
 * of its own; the other tokens are made for the asking.
 */
export async function giveTestTokens(exchange: Exchange, asset: Asset, owner: Address, units: bigint): Promise<void> {
  const chain = settlementChain(exchange);
  const node = createTestClient({ chain, mode: "anvil", transport: http() })
    .extend(publicActions)
    .extend(walletActions);
  if ((await node.getBalance({ address: owner })) < GAS_MONEY) {
    await node.setBalance({ address: owner, value: GAS_MONEY });
  }
  const [deployer] = await node.getAddresses();
  if (!deployer)
    throw new Error("The local node has no account that could give tokens. Start it with its own accounts.");
  const args = [owner, units * asset.unitScale] as const;
  const functionName = asset.symbol === FIXED_SUPPLY ? "transfer" : "mint";
  const hash = await node.sendTransaction({
    account: deployer,
    to: asset.token,
    data: encodeFunctionData({ abi: TOKEN_ABI, functionName, args }),
  });
  const receipt = await node.waitForTransactionReceipt({ hash });
  if (receipt.status !== "success") throw new Error(`The local chain gave no ${asset.symbol}.`);
}
