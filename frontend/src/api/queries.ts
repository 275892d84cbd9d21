import { useQuery } from "@tanstack/react-query";
import { useAccount } from "@/wallet/account";
import { answer, api } from "./client";

const STATUS_EVERY_MS = 5_000;
/** The private stream says when something changed; this is the net under it. */
const PRIVATE_EVERY_MS = 15_000;
/** What the chain does (confirmations, payments) is not on the stream. */
const CHAIN_EVERY_MS = 1_000;
const ROWS = 100;
const OPEN_ROWS_MAX = 500;

/** Keys of everything that belongs to one wallet start alike, so that they are renewed or dropped together. */
export const privateKey = (owner: string | undefined, ...rest: string[]) => ["private", owner, ...rest] as const;

export function useStatus() {
  return useQuery({
    queryKey: ["status"],
    queryFn: () => answer(api.GET("/api/v1/status")),
    refetchInterval: STATUS_EVERY_MS,
    retry: false,
  });
}

export function useAccountInfo() {
  const { signedIn } = useAccount();
  return useQuery({
    queryKey: privateKey(signedIn, "account"),
    queryFn: () => answer(api.GET("/api/v1/account")),
    enabled: signedIn !== undefined,
  });
}

export function useBalances() {
  const { signedIn } = useAccount();
  return useQuery({
    queryKey: privateKey(signedIn, "balances"),
    queryFn: () => answer(api.GET("/api/v1/account/balances")),
    enabled: signedIn !== undefined,
    refetchInterval: PRIVATE_EVERY_MS,
  });
}

export function useOpenOrders() {
  const { signedIn } = useAccount();
  return useQuery({
    queryKey: privateKey(signedIn, "orders", "open"),
    queryFn: () => answer(api.GET("/api/v1/orders", { params: { query: { status: "open", limit: OPEN_ROWS_MAX } } })),
    enabled: signedIn !== undefined,
    refetchInterval: PRIVATE_EVERY_MS,
  });
}

export function useOrderHistory() {
  const { signedIn } = useAccount();
  return useQuery({
    queryKey: privateKey(signedIn, "orders", "history"),
    queryFn: () => answer(api.GET("/api/v1/orders", { params: { query: { status: "all", limit: ROWS } } })),
    enabled: signedIn !== undefined,
    refetchInterval: PRIVATE_EVERY_MS,
  });
}

export function useFills() {
  const { signedIn } = useAccount();
  return useQuery({
    queryKey: privateKey(signedIn, "fills"),
    queryFn: () => answer(api.GET("/api/v1/fills", { params: { query: { limit: ROWS } } })),
    enabled: signedIn !== undefined,
    refetchInterval: (query) =>
      query.state.data?.fills.some((fill) => fill.settlement === "PENDING") ? CHAIN_EVERY_MS : PRIVATE_EVERY_MS,
  });
}

/** `watched`: a deposit was just sent, and is to show as soon as the chain has it. */
export function useDeposits(watched = false) {
  const { signedIn } = useAccount();
  return useQuery({
    queryKey: privateKey(signedIn, "deposits"),
    queryFn: () => answer(api.GET("/api/v1/deposits")),
    enabled: signedIn !== undefined,
    refetchInterval: (query) =>
      watched || query.state.data?.deposits.some((deposit) => deposit.state === "PENDING")
        ? CHAIN_EVERY_MS
        : PRIVATE_EVERY_MS,
  });
}

/** Withdrawals, for as long as somebody watches one on its way. */
export function useWithdrawals() {
  const { signedIn } = useAccount();
  return useQuery({
    queryKey: privateKey(signedIn, "withdrawals"),
    queryFn: () => answer(api.GET("/api/v1/withdrawals")),
    enabled: signedIn !== undefined,
    refetchInterval: CHAIN_EVERY_MS,
  });
}

/** Keys that may sign orders for the wallet, for as long as somebody looks at them. */
export function useSessionKeys() {
  const { signedIn } = useAccount();
  return useQuery({
    queryKey: privateKey(signedIn, "session-keys"),
    queryFn: () => answer(api.GET("/api/v1/session-keys")),
    enabled: signedIn !== undefined,
    refetchInterval: CHAIN_EVERY_MS,
  });
}
