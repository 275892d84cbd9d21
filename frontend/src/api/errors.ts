import type { ErrorBody } from "./types";

/** A refusal by the exchange, as it words it: what went wrong and what to do. */
export class ApiError extends Error {
  readonly code: number;
  readonly symbol: string;
  readonly nextStep: string;
  readonly requestId: string;

  constructor(body: ErrorBody) {
    super(body.message);
    this.name = "ApiError";
    this.code = body.code;
    this.symbol = body.name;
    this.nextStep = body.nextStep;
    this.requestId = body.requestId;
  }
}

/** The exchange could not be asked at all: whether it took the request is not known. */
export class Unreachable extends Error {
  constructor() {
    super("The exchange does not answer.");
    this.name = "Unreachable";
  }
}

function walletReason(error: {
  code?: unknown;
  shortMessage?: unknown;
  details?: unknown;
  cause?: unknown;
}): string | undefined {
  for (let at: typeof error | undefined = error; at; at = at.cause as typeof error | undefined) {
    if (at.code === 4001) return "You declined in your wallet. Nothing was sent.";
    if (at.code === -32002) return "Your wallet already shows a request. Open it and answer there.";
  }
  if (typeof error.shortMessage !== "string") return undefined;
  // Libraries sum up in general words; what the wallet or the node said is in the details.
  return typeof error.details === "string" ? `${error.shortMessage} ${error.details}` : error.shortMessage;
}

/** One line for people about anything that was thrown: by the exchange, the wallet or the network. */
export function explain(error: unknown): string {
  if (error instanceof ApiError) return [error.message, error.nextStep].filter(Boolean).join(" ");
  if (error instanceof Unreachable) return `${error.message} Check your connection; your orders stand as they were.`;
  if (error instanceof Error) return walletReason(error) ?? error.message;
  return String(error);
}

/** Whether a person said no in the wallet: nothing failed, so nothing needs an alarm. */
export function isDeclined(error: unknown): boolean {
  for (let at = error as { code?: unknown; cause?: unknown } | undefined; at; at = at.cause as typeof at) {
    if (at.code === 4001) return true;
  }
  return false;
}
