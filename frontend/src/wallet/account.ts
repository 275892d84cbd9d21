import type { Address } from "viem";
import { useConnection } from "wagmi";
import { useSession } from "@/api/session";
import { useExchange } from "@/app/exchange";

/** How far a person is: each stage is one step of the connect dialog. */
export type Stage = "disconnected" | "wrong-network" | "signed-out" | "ready";

export interface Account {
  readonly stage: Stage;
  /** The connected wallet, whatever the stage. */
  readonly owner: Address | undefined;
  /** The wallet whose private data may be read: connected, on any network, and signed in. */
  readonly signedIn: Address | undefined;
}

export function useAccount(): Account {
  const exchange = useExchange();
  const { address, chainId } = useConnection();
  const session = useSession(address);
  const signedIn = session ? address : undefined;
  if (!address) return { stage: "disconnected", owner: undefined, signedIn: undefined };
  if (chainId !== exchange.chainId) return { stage: "wrong-network", owner: address, signedIn };
  return { stage: session ? "ready" : "signed-out", owner: address, signedIn };
}
