import { Link } from "@tanstack/react-router";
import { MoonIcon, SunIcon } from "@/components/icons";
import { AccountButton } from "@/wallet/AccountButton";
import { LiveMark } from "./LiveMark";
import { chooseTheme, useTheme } from "./theme";

export function Header() {
  const theme = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <header className="flex h-14 shrink-0 items-center gap-3 bg-panel px-3 lg:px-4">
      <Link to="/" className="flex items-center gap-2.5 rounded text-[0.9375rem] font-semibold tracking-tight">
        <img src="/icon.svg" alt="" width="26" height="26" />
        <span>QuantaTrade</span>
      </Link>
      <LiveMark />
      <div className="ml-auto flex items-center gap-2">
        <button
          type="button"
          onClick={() => chooseTheme(other)}
          aria-label={`Change to the ${other} theme`}
          className="grid size-9 place-items-center rounded-lg text-muted hover:bg-raised hover:text-text"
        >
          {theme === "dark" ? <SunIcon /> : <MoonIcon />}
        </button>
        <AccountButton />
      </div>
    </header>
  );
}
