const address = (name: string) => ({ name, type: "address" }) as const;
const uint256 = (name: string) => ({ name, type: "uint256" }) as const;

/** What the page calls on a listed token. `mint` exists on the test tokens of a local chain only. */
export const TOKEN_ABI = [
  {
    type: "function",
    name: "balanceOf",
    stateMutability: "view",
    inputs: [address("owner")],
    outputs: [uint256("")],
  },
  {
    type: "function",
    name: "allowance",
    stateMutability: "view",
    inputs: [address("owner"), address("spender")],
    outputs: [uint256("")],
  },
  {
    type: "function",
    name: "approve",
    stateMutability: "nonpayable",
    inputs: [address("spender"), uint256("amount")],
    outputs: [{ name: "", type: "bool" }],
  },
  {
    type: "function",
    name: "transfer",
    stateMutability: "nonpayable",
    inputs: [address("to"), uint256("amount")],
    outputs: [{ name: "", type: "bool" }],
  },
  {
    type: "function",
    name: "mint",
    stateMutability: "nonpayable",
    inputs: [address("to"), uint256("amount")],
    outputs: [],
  },
] as const;
