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
] as const;
