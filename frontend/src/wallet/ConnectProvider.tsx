import { createContext, type ReactNode, useContext, useMemo, useState } from "react";
import { ConnectDialog } from "./ConnectDialog";

const OpenConnect = createContext<() => void>(() => {});

/** Holds the one connect dialog, which any part of the page may open. */
export function ConnectProvider({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const openConnect = useMemo(() => () => setOpen(true), []);
  return (
    <OpenConnect value={openConnect}>
      {children}
      <ConnectDialog open={open} onOpenChange={setOpen} />
    </OpenConnect>
  );
}

/** Opens the connect dialog at the step that the person is at. */
export function useOpenConnect(): () => void {
  return useContext(OpenConnect);
}
