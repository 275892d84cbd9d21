import { classes } from "./classes";

export interface Choice<T extends string> {
  value: T;
  label: string;
  /** Classes of the choice while it is chosen. */
  active?: string;
}

interface SegmentedProps<T extends string> {
  label: string;
  choices: readonly Choice<T>[];
  value: T;
  onValue: (value: T) => void;
  size?: "small" | "medium";
}

/** A row of choices of which one holds, as a radio group: arrow keys move it. */
export function Segmented<T extends string>({ label, choices, value, onValue, size = "medium" }: SegmentedProps<T>) {
  return (
    <fieldset className="flex min-w-0 rounded-lg bg-raised p-0.5">
      <legend className="sr-only">{label}</legend>
      {choices.map((choice) => (
        <label
          key={choice.value}
          className={classes(
            "flex flex-1 cursor-pointer items-center justify-center rounded-md font-medium whitespace-nowrap transition-colors",
            "has-focus-visible:outline-2 has-focus-visible:outline-brand",
            size === "small" ? "h-6 px-2 text-2xs" : "h-8 px-3 text-[0.8125rem]",
            choice.value === value ? (choice.active ?? "bg-panel text-text shadow-sm") : "text-muted hover:text-text",
          )}
        >
          <input
            type="radio"
            name={label}
            className="sr-only"
            checked={choice.value === value}
            onChange={() => onValue(choice.value)}
          />
          {choice.label}
        </label>
      ))}
    </fieldset>
  );
}
