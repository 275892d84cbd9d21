import createClient from "openapi-fetch";
import { ApiError, Unreachable } from "./errors";
import type { paths } from "./schema.gen";
import { accessToken } from "./session";
import type { ErrorBody } from "./types";

async function send(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch {
    throw new Unreachable();
  }
}

/** Sends a request with the session's token; a token that the exchange no longer takes is renewed once. */
async function authorizedFetch(request: Request): Promise<Response> {
  const token = await accessToken();
  if (!token) return send(request);
  const again = request.clone();
  request.headers.set("authorization", `Bearer ${token}`);
  const response = await send(request);
  if (response.status !== 401) return response;
  const renewed = await accessToken(true);
  if (!renewed) return response;
  again.headers.set("authorization", `Bearer ${renewed}`);
  return send(again);
}

export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: authorizedFetch });

/** The data of an answer. Throws the exchange's refusal as `ApiError`. */
export async function answer<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (response.ok && data !== undefined) return data;
  if (isErrorBody(error)) throw new ApiError(error);
  throw new Error(`The exchange answered ${response.status} without saying why. Try again in a moment.`);
}

function isErrorBody(error: unknown): error is ErrorBody {
  return typeof error === "object" && error !== null && "code" in error && "nextStep" in error;
}
