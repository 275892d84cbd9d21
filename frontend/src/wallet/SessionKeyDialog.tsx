import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Address } from "viem";
import { useConfig } from "wagmi";
import { explain } from "@/api/errors";
import { privateKey, useSessionKeys } from "@/api/queries";
import type { SessionKey } from "@/api/types";
import { useExchange } from "@/app/exchange";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { DecimalField } from "@/components/Field";
import { Notice } from "@/components/Notice";
import { Segmented } from "@/components/Segmented";
import { Select } from "@/components/Select";
import { shortHex } from "@/lib/address";
import type { Market } from "@/markets/model";
import { readAmount } from "@/screens/trade/amount";
import { heldKey } from "./keyStore";
import { allowKey, revokeKey, scopeOf, UNLIMITED } from "./sessionKeys";

const LIFETIMES = [
  { value: "3600", label: "1 hour" },
  { value: "28800", label: "8 hours" },
  { value: "86400", label: "1 day" },
  { value: "604800", label: "7 days" },
] as const;
type Lifetime = (typeof LIFETIMES)[number]["value"];

interface SessionKeyDialogProps {
  owner: Address;
  onOpenChange: (open: boolean) => void;
}

/** Lets this browser sign orders of a market without asking the wallet for each, within limits that the contract holds. */
export default function SessionKeyDialog({ owner, onOpenChange }: SessionKeyDialogProps) {
  const { markets } = useExchange();
  const [symbol, setSymbol] = useState(markets[0]?.symbol ?? "");
  const market = markets.find((one) => one.symbol === symbol);
  return (
    <Dialog
      open
      onOpenChange={onOpenChange}
      title="Trade without prompts"
      description="A key in this browser signs your orders in one market, within limits that the contract holds. It can never withdraw."
    >
      <div className="grid gap-4">
        <Segmented
          label="Market of the key"
          value={symbol}
          choices={markets.map((one) => ({ value: one.symbol, label: one.symbol }))}
          onValue={setSymbol}
        />
        {market && <KeysOfMarket key={market.id} owner={owner} market={market} />}
      </div>
    </Dialog>
  );
}

function KeysOfMarket({ owner, market }: { owner: Address; market: Market }) {
  const exchange = useExchange();
  const { data, error } = useSessionKeys();
  const held = useQuery({
    queryKey: privateKey(owner, "held-key", market.symbol),
    queryFn: async () => (await heldKey(scopeOf(exchange, owner, market))) ?? null,
  });
  const isOver = (one: SessionKey) => one.status === "REVOKED" || one.expiry * 1000 <= Date.now();
  const active = data?.sessionKeys.filter((one) => one.market === market.symbol && !isOver(one)) ?? [];
  const isHeld = (one: SessionKey) => one.key.toLowerCase() === held.data?.toLowerCase();
  return (
    <>
      {error && <Notice tone="error">{explain(error)}</Notice>}
      {active.map((one) => (
        <KeyCard key={one.key} owner={owner} market={market} row={one} isHeld={isHeld(one)} />
      ))}
      {data && !active.some((one) => isHeld(one)) && <AllowForm owner={owner} market={market} />}
    </>
  );
}

interface KeyCardProps {
  owner: Address;
  market: Market;
  row: SessionKey;
  /** Whether it is this browser's. */
  isHeld: boolean;
}

function KeyCard({ owner, market, row, isHeld }: KeyCardProps) {
  const { config, exchange, renew } = useChain(owner);
  const revoke = useMutation({
    mutationFn: () => revokeKey(config, exchange, owner, market, row.key as Address),
    onSettled: renew,
  });
  return (
    <section
      aria-label={`Session key ${shortHex(row.key)}`}
      className="grid gap-2 rounded-lg border border-line p-3 text-xs"
    >
      <div className="flex items-center justify-between">
        <span className="font-medium">{isHeld ? "This browser" : shortHex(row.key)}</span>
        <span className="text-muted">until {new Date(row.expiry * 1000).toLocaleString()}</span>
      </div>
      {[row.base, row.quote].map((one) => (
        <div key={one.asset} className="flex justify-between text-muted">
          <span>{one.asset} spent, and held by open orders</span>
          <span className="tabular-nums text-text">
            {one.spent} + {one.reserved} of {one.limit ?? "any amount"}
          </span>
        </div>
      ))}
      {revoke.error && <Notice tone="error">{explain(revoke.error)}</Notice>}
      <Button size="small" busy={revoke.isPending} onClick={() => revoke.mutate()}>
        Take back
      </Button>
    </section>
  );
}

function AllowForm({ owner, market }: { owner: Address; market: Market }) {
  const { config, exchange, renew } = useChain(owner);
  const [base, setBase] = useState("");
  const [quote, setQuote] = useState("");
  const [lifetime, setLifetime] = useState<Lifetime>("28800");
  const limits = [
    readAmount(market.base, base, undefined, ""),
    readAmount(market.quote, quote, undefined, ""),
  ] as const;
  const allow = useMutation({
    mutationFn: () =>
      allowKey(config, exchange, owner, market, {
        baseUnits: limits[0].units ?? UNLIMITED,
        quoteUnits: limits[1].units ?? UNLIMITED,
        lifetimeS: Number(lifetime),
      }),
    onSettled: renew,
  });
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        allow.mutate();
      }}
    >
      <DecimalField
        label={`Most ${market.base.symbol} to sell`}
        unit={market.base.symbol}
        value={base}
        onValue={setBase}
        error={limits[0].error}
        placeholder="any amount"
      />
      <DecimalField
        label={`Most ${market.quote.symbol} to spend`}
        unit={market.quote.symbol}
        value={quote}
        onValue={setQuote}
        error={limits[1].error}
        placeholder="any amount"
      />
      <Select label="For" choices={LIFETIMES} value={lifetime} onValue={setLifetime} />
      <Notice tone="info">
        The key lies sealed in this browser, but whoever runs code in this page can use it. Limits bound what that could
        cost.
      </Notice>
      {allow.error && <Notice tone="error">{explain(allow.error)}</Notice>}
      <Button type="submit" tone="brand" size="large" disabled={limits.some((one) => one.error)} busy={allow.isPending}>
        {allow.isPending ? "Confirm in your wallet, then wait for the chain" : "Allow this browser"}
      </Button>
    </form>
  );
}

function useChain(owner: Address) {
  const config = useConfig();
  const exchange = useExchange();
  const queries = useQueryClient();
  return { config, exchange, renew: () => queries.invalidateQueries({ queryKey: privateKey(owner) }) };
}
