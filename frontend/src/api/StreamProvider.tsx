import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useSyncExternalStore } from "react";
import { useAccount } from "@/wallet/account";
import { privateKey } from "./queries";
import { accessToken } from "./session";
import { type Socket, Stream } from "./stream";

const StreamContext = createContext<Stream | undefined>(undefined);

/** Changes that come within this time are read again together. */
const GATHER_MS = 150;

function connect(): Socket {
  const { protocol, host } = window.location;
  return new WebSocket(`${protocol === "https:" ? "wss" : "ws"}://${host}/ws`) as Socket;
}

/** The one websocket of the page, and the private stream of whoever is signed in. */
export function StreamProvider({ children }: { children: ReactNode }) {
  const stream = useMemo(() => new Stream(connect, accessToken), []);
  useEffect(() => {
    stream.start();
    return () => stream.stop();
  }, [stream]);
  return (
    <StreamContext value={stream}>
      <PrivateStream />
      {children}
    </StreamContext>
  );
}

export function useStream(): Stream {
  const stream = useContext(StreamContext);
  if (!stream) throw new Error("useStream needs a StreamProvider above it.");
  return stream;
}

/** Whether live data comes in right now. */
export function useStreamLive(): boolean {
  const stream = useStream();
  return useSyncExternalStore(
    (listener) => stream.onLive(listener),
    () => stream.live,
  );
}

/**
 * The private stream says that something of the wallet changed. What it is, is then read from the API: one source for
 * each figure on the page, in one consistent state.
 */
function PrivateStream() {
  const stream = useStream();
  const queries = useQueryClient();
  const { signedIn } = useAccount();
  useEffect(() => {
    if (!signedIn) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const leave = stream.subscribe("private", undefined, () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void queries.invalidateQueries({ queryKey: privateKey(signedIn) });
      }, GATHER_MS);
    });
    return () => {
      clearTimeout(timer);
      leave();
    };
  }, [stream, queries, signedIn]);
  return null;
}
