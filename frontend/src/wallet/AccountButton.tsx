import * as Menu from "@radix-ui/react-dropdown-menu";
import { Suspense, useState } from "react";
import type { Address } from "viem";
import { useDisconnect } from "wagmi";
import { api } from "@/api/client";
import { setSession } from "@/api/session";
import { Button } from "@/components/Button";
import { ChevronDownIcon, WalletIcon } from "@/components/icons";
import { tell } from "@/components/toasts";
import { shortHex } from "@/lib/address";
import { lazyPart } from "@/lib/lazyPart";
import { useAccount } from "./account";
import { useOpenConnect } from "./ConnectProvider";

const SessionKeyDialog = lazyPart(() => import("./SessionKeyDialog"));

const NEXT_STEP = {
  disconnected: "Connect wallet",
  "wrong-network": "Switch network",
  "signed-out": "Sign in",
} as const;

/** The way in, and afterwards the wallet with what can be done with it. */
export function AccountButton() {
  const { stage, owner } = useAccount();
  const openConnect = useOpenConnect();
  if (!owner || stage !== "ready") {
    return (
      <div className="flex items-center gap-2">
        {owner && <AccountMenu owner={owner} compact />}
        <Button tone="brand" onClick={openConnect}>
          {!owner && <WalletIcon />}
          {stage === "ready" ? "" : NEXT_STEP[stage]}
        </Button>
      </div>
    );
  }
  return <AccountMenu owner={owner} isReady />;
}

const ITEM =
  "flex h-9 cursor-pointer items-center rounded-md px-3 text-[0.8125rem] outline-none data-highlighted:bg-raised";

interface AccountMenuProps {
  owner: Address;
  /** Signed in, and on the right network. */
  isReady?: boolean;
  /** On a phone the wallet is an icon: something else is more urgent in the header. */
  compact?: boolean;
}

function AccountMenu({ owner, isReady = false, compact = false }: AccountMenuProps) {
  const { disconnect } = useDisconnect();
  const [showsKeys, setShowsKeys] = useState(false);
  const leave = async () => {
    // The session ends here in any case; the exchange is told so that its tokens stop working at once.
    await api.POST("/api/v1/auth/sign-out").catch(() => undefined);
    setSession(undefined);
    disconnect();
  };
  return (
    <>
      <Menu.Root>
        <Menu.Trigger asChild>
          <Button aria-label={`Wallet ${owner}`}>
            {compact && (
              <span className="sm:hidden">
                <WalletIcon />
              </span>
            )}
            <span className={compact ? "max-sm:sr-only" : ""}>{shortHex(owner)}</span>
            <ChevronDownIcon />
          </Button>
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Content
            align="end"
            sideOffset={6}
            className="z-50 min-w-44 rounded-lg border border-line bg-panel p-1 shadow-xl"
          >
            <Menu.Item
              className={ITEM}
              onSelect={() => void navigator.clipboard.writeText(owner).then(() => tell("good", "Address copied"))}
            >
              Copy address
            </Menu.Item>
            {isReady && (
              <Menu.Item className={ITEM} onSelect={() => setShowsKeys(true)}>
                Trade without prompts
              </Menu.Item>
            )}
            <Menu.Item className={ITEM} onSelect={() => void leave()}>
              Disconnect
            </Menu.Item>
          </Menu.Content>
        </Menu.Portal>
      </Menu.Root>
      <Suspense fallback={null}>{showsKeys && <SessionKeyDialog owner={owner} onOpenChange={setShowsKeys} />}</Suspense>
    </>
  );
}
