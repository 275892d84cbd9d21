import { type ReactNode, useState } from "react";
import { Button } from "@/components/Button";
import { DecimalField } from "@/components/Field";
import { type Asset, amountText, showAmount } from "@/markets/model";
import { AssetChoice } from "./AssetChoice";
import { readAmount } from "./amount";

interface AmountFormProps {
  /** What is done with the amount, such as "Deposit". */
  verb: string;
  asset: Asset;
  onAsset: (asset: Asset) => void;
  /** What there is of the asset, in ledger units; undefined while it is read. */
  held: bigint | undefined;
  heldLabel: string;
  /** Ends the sentence that tells how much there is, when more is asked for. */
  where: string;
  onAmount: (units: bigint) => void;
  /** Stands for the verb while the wallet is asked. */
  busyText?: string | undefined;
  children?: ReactNode;
}

/** Asks for an asset and how much of it. */
export function AmountForm(props: AmountFormProps) {
  const { verb, asset, held, busyText } = props;
  const [text, setText] = useState("");
  const { units, error } = readAmount(asset, text, held, props.where);
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (units) props.onAmount(units);
      }}
    >
      <AssetChoice label={`Asset to ${verb.toLowerCase()}`} asset={asset} onAsset={props.onAsset} />
      <DecimalField
        label={`Amount to ${verb.toLowerCase()}`}
        unit={asset.symbol}
        value={text}
        onValue={setText}
        error={error}
        placeholder="0.00"
        aside={
          <span className="flex gap-2">
            <span>
              {props.heldLabel}: {held === undefined ? "–" : showAmount(asset, held)} {asset.symbol}
            </span>
            <button
              type="button"
              disabled={!held}
              onClick={() => setText(amountText(asset, held ?? 0n))}
              className="rounded font-medium text-brand disabled:opacity-40"
            >
              Max
            </button>
          </span>
        }
      />
      {props.children}
      <Button type="submit" tone="brand" size="large" disabled={!units} busy={busyText !== undefined}>
        {busyText ?? `${verb} ${asset.symbol}`}
      </Button>
    </form>
  );
}
