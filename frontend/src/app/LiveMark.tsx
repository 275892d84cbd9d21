import { useStreamLive } from "@/api/StreamProvider";
import { classes } from "@/components/classes";

/** Whether what is on the page is live. */
export function LiveMark() {
  const live = useStreamLive();
  return (
    <span role="status" className="flex items-center gap-1.5 text-2xs text-muted max-sm:sr-only">
      <span className={classes("size-1.5 rounded-full", live ? "bg-buy" : "animate-pulse bg-warn")} />
      {live ? "Live" : "Reconnecting"}
    </span>
  );
}
