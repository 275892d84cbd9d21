import type { Address, Hex } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";

/**
 * Session keys that this browser holds. A browser cannot keep a secp256k1 key unreadable for the page that signs with it
 * (WebCrypto does not know the curve). So it lies in IndexedDB sealed by an AES key that cannot be exported: not to be
 * read from a copy of the disk, but to be used by any code that runs in this page. That is why the contract limits it.
 */
const DATABASE = "quantatrade-session-keys";
const KEYS = "keys";
const SEALS = "seals";
const SEAL = "seal";

/** What a key is for: one owner in one market of one exchange. */
export interface KeyScope {
  readonly chainId: number;
  readonly settlement: Address;
  readonly owner: Address;
  readonly marketId: number;
}

interface SealedKey {
  readonly address: Address;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly sealed: ArrayBuffer;
  /** Whether the exchange takes its orders by now. */
  readonly ready: boolean;
}

const nameOf = ({ chainId, settlement, owner, marketId }: KeyScope) =>
  [chainId, settlement, owner, marketId].join(":").toLowerCase();

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("This browser did not store the key."));
  });
}

async function opened(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(KEYS);
    request.result.createObjectStore(SEALS);
  };
  return settled(request);
}

async function read<T>(store: string, name: string): Promise<T | undefined> {
  const database = await opened();
  try {
    return await settled(database.transaction(store).objectStore(store).get(name));
  } finally {
    database.close();
  }
}

async function write(store: string, name: string, value: unknown): Promise<void> {
  const database = await opened();
  try {
    const rows = database.transaction(store, "readwrite").objectStore(store);
    await (value === undefined ? settled(rows.delete(name)) : settled(rows.put(value, name)));
  } finally {
    database.close();
  }
}

async function seal(): Promise<CryptoKey> {
  const known = await read<CryptoKey>(SEALS, SEAL);
  if (known) return known;
  const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  await write(SEALS, SEAL, made);
  return made;
}

/** Makes a key for a scope in place of the one before. It signs nothing until `markReady`. */
export async function makeKey(scope: KeyScope): Promise<Address> {
  const { generatePrivateKey, privateKeyToAddress } = await import("viem/accounts");
  const secret = generatePrivateKey();
  const address = privateKeyToAddress(secret);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await seal(), new TextEncoder().encode(secret));
  await write(KEYS, nameOf(scope), { address, iv, sealed, ready: false } satisfies SealedKey);
  return address;
}

/** The address of the key that this browser holds for a scope. */
export async function heldKey(scope: KeyScope): Promise<Address | undefined> {
  return (await read<SealedKey>(KEYS, nameOf(scope)))?.address;
}

/** From now on orders are signed with the scope's key. */
export async function markReady(scope: KeyScope): Promise<void> {
  const held = await read<SealedKey>(KEYS, nameOf(scope));
  if (held) await write(KEYS, nameOf(scope), { ...held, ready: true });
}

/** Forgets the scope's key. What is registered on chain stays until it is taken back there or expires. */
export function forgetKey(scope: KeyScope): Promise<void> {
  return write(KEYS, nameOf(scope), undefined);
}

/** The key that signs orders of a scope, if the exchange takes them. */
export async function readyKey(scope: KeyScope): Promise<PrivateKeyAccount | undefined> {
  const held = await read<SealedKey>(KEYS, nameOf(scope));
  if (!held?.ready) return undefined;
  const secret = await crypto.subtle.decrypt({ name: "AES-GCM", iv: held.iv }, await seal(), held.sealed);
  const { privateKeyToAccount } = await import("viem/accounts");
  return privateKeyToAccount(new TextDecoder().decode(secret) as Hex);
}
