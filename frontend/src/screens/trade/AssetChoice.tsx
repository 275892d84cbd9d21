import { useExchange } from "@/app/exchange";
import { Segmented } from "@/components/Segmented";
import type { Asset } from "@/markets/model";

interface AssetChoiceProps {
  label: string;
  asset: Asset;
  onAsset: (asset: Asset) => void;
}

export function AssetChoice({ label, asset, onAsset }: AssetChoiceProps) {
  const { assets } = useExchange();
  return (
    <Segmented
      label={label}
      value={asset.symbol}
      choices={assets.map(({ symbol }) => ({ value: symbol, label: symbol }))}
      onValue={(symbol) => {
        const chosen = assets.find((candidate) => candidate.symbol === symbol);
        if (chosen) onAsset(chosen);
      }}
    />
  );
}
