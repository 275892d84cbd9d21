import type { ButtonHTMLAttributes } from "react";
import { classes } from "./classes";
import { Spinner } from "./Spinner";

const TONES = {
  brand: "bg-brand-strong text-on-colour hover:brightness-110",
  buy: "bg-buy-strong text-on-colour hover:brightness-110",
  sell: "bg-sell-strong text-on-colour hover:brightness-110",
  quiet: "border border-line bg-panel text-text hover:bg-raised hover:border-line-strong",
  ghost: "text-muted hover:bg-raised hover:text-text",
} as const;

const SIZES = {
  small: "h-7 px-2.5 text-xs",
  medium: "h-9 px-3.5 text-sm",
  large: "h-11 px-4 text-sm",
} as const;

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: keyof typeof TONES;
  size?: keyof typeof SIZES;
  /** Work goes on: shows a spinner and takes no further click. */
  busy?: boolean;
}

export function Button({ tone = "quiet", size = "medium", busy = false, className, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={rest.disabled || busy}
      aria-busy={busy || undefined}
      className={classes(
        "inline-flex items-center justify-center gap-2 rounded-lg font-medium whitespace-nowrap transition select-none",
        "disabled:opacity-55 disabled:hover:brightness-100",
        TONES[tone],
        SIZES[size],
        className,
      )}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}
