import { Select } from "@/components/Select";
import type { Instructions, PostOnly, SelfTradePrevention, TimeInForce } from "@/wallet/instructions";

const TIMES_IN_FORCE = [
  { value: "GTC", label: "Until cancelled" },
  { value: "IOC", label: "Immediate or cancel" },
  { value: "FOK", label: "Fill or kill" },
] as const satisfies readonly { value: TimeInForce; label: string }[];
/** What has no limit of its own never rests. */
const AT_ONCE = TIMES_IN_FORCE.slice(1);
const POST_ONLY = [
  { value: "NO", label: "Off" },
  { value: "REJECT", label: "Refuse if it would match" },
  { value: "SLIDE", label: "Move it so that it rests" },
] as const satisfies readonly { value: PostOnly; label: string }[];
const PREVENTION = [
  { value: "NONE", label: "Let them match" },
  { value: "CANCEL_RESTING", label: "Cancel the resting one" },
  { value: "CANCEL_INCOMING", label: "Cancel the new one" },
  { value: "CANCEL_BOTH", label: "Cancel both" },
  { value: "DECREMENT_AND_CANCEL", label: "Reduce both" },
] as const satisfies readonly { value: SelfTradePrevention; label: string }[];

interface AdvancedProps {
  /** What is in force, as `instructionsOf` gives it. */
  instructions: Instructions;
  onChange: (change: Partial<Instructions>) => void;
}

/** What most orders leave as it is. Closed, it still says what differs from that. */
export function Advanced({ instructions, onChange }: AdvancedProps) {
  const { type, timeInForce, postOnly, selfTradePrevention } = instructions;
  const choices = type === "MARKET" || type === "STOP_MARKET" ? AT_ONCE : TIMES_IN_FORCE;
  return (
    <details className="group rounded-lg border border-line px-3 py-2 text-xs">
      <summary className="cursor-pointer text-muted">
        Advanced
        <span className="float-right font-medium text-text group-open:hidden">{summaryOf(instructions)}</span>
      </summary>
      <div className="mt-2.5 grid gap-2">
        <Select
          label="Time in force"
          choices={choices}
          value={timeInForce as (typeof choices)[number]["value"]}
          onValue={(value) => onChange({ timeInForce: value })}
        />
        {type === "LIMIT" && timeInForce === "GTC" && (
          <Select
            label="Post-only"
            choices={POST_ONLY}
            value={postOnly}
            onValue={(value) => onChange({ postOnly: value })}
          />
        )}
        <Select
          label="My own orders"
          choices={PREVENTION}
          value={selfTradePrevention}
          onValue={(value) => onChange({ selfTradePrevention: value })}
        />
      </div>
    </details>
  );
}

function summaryOf({ timeInForce, postOnly }: Instructions): string {
  if (postOnly !== "NO") return "Post-only";
  return TIMES_IN_FORCE.find((choice) => choice.value === timeInForce)?.label ?? "";
}
