import { Unreachable } from "@/api/errors";
import { useStatus } from "@/api/queries";
import { WarningIcon } from "@/components/icons";

/** Says what does not work as it should, for as long as that is so. Nothing stands here on a good day. */
export function StatusBanner() {
  const { data, error } = useStatus();
  const message = troubleOf(data, error);
  if (!message) return null;
  return (
    <div role="alert" className="flex items-center gap-2 bg-warn-soft px-4 py-2 text-xs text-warn">
      <WarningIcon />
      <span>{message}</span>
    </div>
  );
}

function troubleOf(data: ReturnType<typeof useStatus>["data"], error: Error | null): string | undefined {
  if (error instanceof Unreachable) return "The exchange does not answer. What you see may be out of date.";
  if (!data || data.status === "OK") return undefined;
  if (data.tradingHalted) return `Trading is halted: ${data.tradingHalted}`;
  const troubled = data.components.filter((part) => part.health !== "OK");
  const what = troubled.map((part) => `${part.name}: ${part.detail}`).join("; ");
  return `The exchange runs with limits. ${what}`;
}
