import { useExchange } from "@/app/exchange";
import { shortHex } from "@/lib/address";
import { transactionLink } from "@/wallet/config";

/** A transaction by its hash: a link where the chain has an explorer, else the hash with all of it on hover. */
export function TransactionLink({ hash }: { hash: string }) {
  const link = transactionLink(useExchange(), hash);
  if (!link) {
    return (
      <span title={hash} data-transaction={hash} className="font-mono">
        {shortHex(hash)}
      </span>
    );
  }
  return (
    <a href={link} target="_blank" rel="noreferrer" data-transaction={hash} className="font-mono text-brand underline">
      {shortHex(hash)}
    </a>
  );
}
