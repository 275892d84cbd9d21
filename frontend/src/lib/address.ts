/** An address or a hash, short enough to be read at a glance: 0x1234…cdef. */
export function shortHex(hex: string): string {
  return `${hex.slice(0, 6)}…${hex.slice(-4)}`;
}
