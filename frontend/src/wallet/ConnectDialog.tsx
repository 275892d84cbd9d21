import { useEffect } from "react";
import { type Connector, useConfig, useConnect, useConnectors, useSwitchChain } from "wagmi";
import { explain } from "@/api/errors";
import { useExchange } from "@/app/exchange";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { WalletIcon } from "@/components/icons";
import { Notice } from "@/components/Notice";
import { Spinner } from "@/components/Spinner";
import { type Stage, useAccount } from "./account";
import { useSignIn } from "./signIn";

const TITLES: Record<Stage, [title: string, description: string]> = {
  disconnected: ["Connect a wallet", "Your keys stay in your wallet. The exchange never holds them."],
  "wrong-network": ["Switch network", "Your wallet is on a network that this exchange does not settle on."],
  "signed-out": ["Sign in", "One signature proves that the wallet is yours. It is free and moves nothing."],
  ready: ["Connected", "You are signed in."],
};

interface ConnectDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** Leads through what is left to do: choose a wallet, switch its network, sign in. Closes when all is done. */
export function ConnectDialog({ open, onOpenChange }: ConnectDialogProps) {
  const { stage, owner } = useAccount();
  const [title, description] = TITLES[stage];
  useEffect(() => {
    if (open && stage === "ready") onOpenChange(false);
  }, [open, stage, onOpenChange]);
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={title} description={description}>
      {stage === "disconnected" && <ChooseWallet />}
      {stage === "wrong-network" && <SwitchNetwork />}
      {stage === "signed-out" && owner && <SignIn owner={owner} />}
    </Dialog>
  );
}

/** The generic injected connector is shown only when no wallet announced itself by name. */
function offered(connectors: readonly Connector[]): readonly Connector[] {
  const announced = connectors.filter((connector) => connector.id !== "injected");
  if (announced.length > 0) return announced;
  return "ethereum" in window ? connectors : [];
}

function ChooseWallet() {
  const wallets = offered(useConnectors());
  const { connect, isPending, variables, error } = useConnect();
  if (wallets.length === 0) {
    return (
      <Notice tone="warning">
        No wallet was found in this browser. Install a browser wallet such as MetaMask or Rabby, or open this page in
        your wallet's own browser, then reload.
      </Notice>
    );
  }
  return (
    <div className="grid gap-2">
      {wallets.map((wallet) => {
        const connecting = isPending && variables?.connector === wallet;
        return (
          <button
            key={wallet.uid}
            type="button"
            disabled={isPending}
            onClick={() => connect({ connector: wallet })}
            className="flex h-14 items-center gap-3 rounded-xl border border-line px-4 text-left font-medium transition hover:border-line-strong hover:bg-raised disabled:opacity-60"
          >
            {wallet.icon ? (
              <img src={wallet.icon} alt="" width="28" height="28" className="rounded-md" />
            ) : (
              <WalletIcon />
            )}
            <span className="flex-1">{wallet.id === "injected" ? "Browser wallet" : wallet.name}</span>
            {connecting && (
              <span className="flex items-center gap-2 text-xs font-normal text-muted">
                <Spinner /> Waiting for your wallet
              </span>
            )}
          </button>
        );
      })}
      {error && <Notice tone="error">{explain(error)}</Notice>}
    </div>
  );
}

function SwitchNetwork() {
  const exchange = useExchange();
  const [chain] = useConfig().chains;
  const { switchChain, isPending, error } = useSwitchChain();
  return (
    <div className="grid gap-3">
      <p>
        This exchange settles on <strong className="font-medium">{chain.name}</strong> (chain {exchange.chainId}). If
        your wallet does not know it yet, it will offer to add it.
      </p>
      {error && <Notice tone="error">{explain(error)}</Notice>}
      <Button tone="brand" size="large" busy={isPending} onClick={() => switchChain({ chainId: chain.id })}>
        Switch to {chain.name}
      </Button>
    </div>
  );
}

function SignIn({ owner }: { owner: string }) {
  const signIn = useSignIn();
  return (
    <div className="grid gap-3">
      <div className="rounded-lg bg-raised px-3 py-2 font-mono text-xs wrap-anywhere">{owner}</div>
      {signIn.error && <Notice tone="error">{explain(signIn.error)}</Notice>}
      <Button tone="brand" size="large" busy={signIn.isPending} onClick={() => signIn.mutate(owner)}>
        {signIn.isPending ? "Waiting for your wallet" : "Sign in with the wallet"}
      </Button>
    </div>
  );
}
