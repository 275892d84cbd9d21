import { type Chain, defineChain } from "viem";
import { base, baseSepolia, foundry } from "viem/chains";
import { createConfig, fallback, http, injected, unstable_connector } from "wagmi";
import type { Exchange } from "@/markets/model";

/** Chain id of a local anvil chain, the one place where test tokens are free. */
export const LOCAL_CHAIN_ID = foundry.id;

const KNOWN: readonly Chain[] = [foundry, baseSepolia, base];

/** The chain that the exchange settles on, as a wallet is told of it when it does not know it yet. */
export function settlementChain(exchange: Exchange): Chain {
  const known = KNOWN.find((chain) => chain.id === exchange.chainId);
  if (known && known.id !== LOCAL_CHAIN_ID) return known;
  const url = exchange.nodeUrl ?? known?.rpcUrls.default.http[0] ?? "http://127.0.0.1:8545";
  return defineChain({
    id: exchange.chainId,
    name: exchange.chainId === LOCAL_CHAIN_ID ? "QuantaTrade local" : `Chain ${exchange.chainId}`,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
}

/** Wallets announce themselves (EIP-6963). The chain is read through the wallet's own node, else a public one. */
export function walletConfig(exchange: Exchange) {
  const chain = settlementChain(exchange);
  return createConfig({
    chains: [chain],
    connectors: [injected()],
    transports: { [chain.id]: fallback([unstable_connector(injected), http()]) },
    pollingInterval: 1_000,
  });
}

/** Where a transaction can be looked up, if its chain has an explorer. */
export function transactionLink(exchange: Exchange, hash: string): string | undefined {
  const explorer = settlementChain(exchange).blockExplorers?.default.url;
  return explorer && `${explorer}/tx/${hash}`;
}
