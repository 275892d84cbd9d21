import { useSyncExternalStore } from "react";
import type { Session } from "./types";

/** The session lives as long as the tab: a wallet signs in again in a new one. */
const STORED_AS = "quantatrade.session";
/** A token with less life than this is renewed before it is used. */
const RENEW_BEFORE_MS = 30_000;

let session = load();
let renewal: Promise<Session | undefined> | undefined;
const listeners = new Set<() => void>();

function load(): Session | undefined {
  const stored = sessionStorage.getItem(STORED_AS);
  if (!stored) return undefined;
  const read = JSON.parse(stored) as Session;
  return read.refreshTokenExpiresAtMs > Date.now() ? read : undefined;
}

/** Takes on a session, or (undefined) forgets the one there is. */
export function setSession(next: Session | undefined): void {
  session = next;
  if (next) sessionStorage.setItem(STORED_AS, JSON.stringify(next));
  else sessionStorage.removeItem(STORED_AS);
  for (const listener of listeners) listener();
}

/** The session that holds for a wallet, if it has signed in. */
export function useSession(owner: string | undefined): Session | undefined {
  const current = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => session,
  );
  return current && current.owner.toLowerCase() === owner?.toLowerCase() ? current : undefined;
}

async function renew(refreshToken: string): Promise<Session | undefined> {
  const response = await fetch("/api/v1/auth/refresh", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ refreshToken }),
  });
  if (response.status === 401 || response.status === 403) {
    setSession(undefined);
    return undefined;
  }
  if (!response.ok) return session;
  const next = (await response.json()) as Session;
  setSession(next);
  return next;
}

/** A token that holds for now, renewed when due. A refresh token works once, so renewals never run side by side. */
export async function accessToken(force = false): Promise<string | undefined> {
  if (!session) return undefined;
  if (!force && session.accessTokenExpiresAtMs - RENEW_BEFORE_MS > Date.now()) return session.accessToken;
  renewal ??= renew(session.refreshToken).finally(() => {
    renewal = undefined;
  });
  return (await renewal)?.accessToken;
}
