import type { Exchange } from "@/markets/model";

/**
 * The EIP-712 structs that a wallet signs here. The page holds its own copy and never signs a type that a server sent;
 * a test keeps it equal to offchain/chain/typed_data.py. Source: https://eips.ethereum.org/EIPS/eip-712.
 */
export const ORDER_TYPES = {
  Order: [
    { name: "market", type: "uint32" },
    { name: "side", type: "uint8" },
    { name: "price", type: "uint64" },
    { name: "quantity", type: "uint64" },
    { name: "expiry", type: "uint40" },
    { name: "seq", type: "uint48" },
    { name: "lane", type: "uint16" },
    { name: "maxFeeBps", type: "uint16" },
    { name: "flags", type: "uint16" },
  ],
} as const;

export const WITHDRAWAL_TYPES = {
  Withdrawal: [
    { name: "asset", type: "uint16" },
    { name: "amount", type: "uint64" },
    { name: "nonce", type: "uint64" },
    { name: "deadline", type: "uint40" },
  ],
} as const;

/** The domain that binds a signature to this exchange's contract on this chain. */
export function signingDomain(exchange: Exchange) {
  return {
    name: "QuantaTrade",
    version: "1",
    chainId: exchange.chainId,
    verifyingContract: exchange.settlement,
  } as const;
}
