import { useId } from "react";

interface SelectProps<T extends string> {
  label: string;
  choices: readonly { readonly value: T; readonly label: string }[];
  value: T;
  onValue: (value: T) => void;
}

/** One of some choices that are too long or too many for a row. */
export function Select<T extends string>({ label, choices, value, onValue }: SelectProps<T>) {
  const id = useId();
  return (
    <div className="flex items-center justify-between gap-3 text-xs">
      <label htmlFor={id} className="text-muted">
        {label}
      </label>
      <select
        id={id}
        value={value}
        onChange={(event) => {
          const chosen = choices.find((choice) => choice.value === event.target.value);
          if (chosen) onValue(chosen.value);
        }}
        className="h-7 min-w-0 rounded-md bg-raised px-1.5 font-medium text-text"
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
    </div>
  );
}
