import type { ReactNode } from "react";
import { classes } from "./classes";
import { CheckIcon, CloseIcon } from "./icons";
import { Spinner } from "./Spinner";

export type StepState = "waiting" | "active" | "done" | "failed";

export interface Step {
  title: string;
  state: StepState;
  detail?: ReactNode;
}

/** The state of a step by its position, where `current` is the one that goes on, or failed. */
export function stepState(position: number, current: number, failed: boolean): StepState {
  if (position < current) return "done";
  if (position > current) return "waiting";
  return failed ? "failed" : "active";
}

const MARKS: Record<StepState, string> = {
  waiting: "border-line-strong text-muted",
  active: "border-brand text-brand",
  done: "border-buy bg-buy-soft text-buy",
  failed: "border-sell bg-sell-soft text-sell",
};

function mark(state: StepState, position: number): ReactNode {
  if (state === "active") return <Spinner />;
  if (state === "done") return <CheckIcon />;
  if (state === "failed") return <CloseIcon />;
  return position;
}

const SPOKEN: Record<StepState, string> = { waiting: "to do", active: "in progress", done: "done", failed: "failed" };

/** What has to happen, in order, and how far it is. */
export function Steps({ label, steps }: { label: string; steps: readonly Step[] }) {
  return (
    <ol aria-label={label} className="grid">
      {steps.map((step, index) => (
        <li key={step.title} className="relative flex gap-3 pb-4 last:pb-0">
          {index < steps.length - 1 && (
            <span aria-hidden="true" className="absolute top-7 bottom-0 left-3.25 w-px bg-line" />
          )}
          <span
            className={classes(
              "grid size-6.5 shrink-0 place-items-center rounded-full border text-xs font-medium",
              MARKS[step.state],
            )}
          >
            {mark(step.state, index + 1)}
          </span>
          <div className="min-w-0 flex-1 pt-0.5">
            <p className={classes("font-medium", step.state === "waiting" && "text-muted")}>
              {step.title}
              <span className="sr-only"> ({SPOKEN[step.state]})</span>
            </p>
            {step.detail && <div className="mt-0.5 text-xs wrap-anywhere text-muted">{step.detail}</div>}
          </div>
        </li>
      ))}
    </ol>
  );
}
