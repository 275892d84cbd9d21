/** What the page calls on the `Settlement` contract. `amount` is in base units of the token. */
export const SETTLEMENT_ABI = [
  {
    type: "function",
    name: "deposit",
    stateMutability: "nonpayable",
    inputs: [
      { name: "asset", type: "uint16" },
      { name: "amount", type: "uint256" },
    ],
    outputs: [],
  },
  {
    type: "function",
    name: "setSessionKey",
    stateMutability: "nonpayable",
    inputs: [
      { name: "key", type: "address" },
      { name: "market", type: "uint32" },
      { name: "baseLimit", type: "uint64" },
      { name: "quoteLimit", type: "uint64" },
      { name: "expiry", type: "uint40" },
    ],
    outputs: [],
  },
  {
    type: "function",
    name: "requestSessionRevocation",
    stateMutability: "nonpayable",
    inputs: [
      { name: "key", type: "address" },
      { name: "market", type: "uint32" },
    ],
    outputs: [],
  },
] as const;
