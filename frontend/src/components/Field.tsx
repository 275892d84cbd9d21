import { type InputHTMLAttributes, type ReactNode, useId } from "react";
import { classes } from "./classes";

interface FieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "onChange"> {
  label: string;
  value: string;
  onValue: (value: string) => void;
  /** The unit at the right end, such as USDC. */
  unit?: string;
  /** What is wrong with the value and what to do; shown and told to screen readers. */
  error?: string | undefined;
  /** What stands above the field at its right, such as a Max button. */
  aside?: ReactNode;
}

/** A field for a decimal. Text stays text: what a person types is never turned into a float. */
export function DecimalField({ label, value, onValue, unit, error, aside, className, ...rest }: FieldProps) {
  const id = useId();
  return (
    <div className={className}>
      <div className="mb-1.5 flex items-center justify-between text-xs text-muted">
        <label htmlFor={id}>{label}</label>
        {aside}
      </div>
      <div
        className={classes(
          "flex h-10 items-center rounded-lg border bg-raised px-3 transition-colors focus-within:border-brand",
          error ? "border-sell" : "border-transparent hover:border-line-strong",
        )}
      >
        <input
          {...rest}
          id={id}
          value={value}
          onChange={(event) => onValue(event.target.value.replace(",", "."))}
          inputMode="decimal"
          autoComplete="off"
          spellCheck={false}
          aria-invalid={error ? true : undefined}
          aria-describedby={error ? `${id}-error` : undefined}
          className="min-w-0 flex-1 bg-transparent font-medium tabular-nums outline-none placeholder:font-normal placeholder:text-muted"
        />
        {unit && <span className="pl-2 text-xs text-muted">{unit}</span>}
      </div>
      {error && (
        <p id={`${id}-error`} className="mt-1.5 text-xs text-sell">
          {error}
        </p>
      )}
    </div>
  );
}
