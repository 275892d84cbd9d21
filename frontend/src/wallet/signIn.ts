import { useMutation } from "@tanstack/react-query";
import { useConfig } from "wagmi";
import { signMessage } from "wagmi/actions";
import { answer, api } from "@/api/client";
import { setSession } from "@/api/session";
import type { Session } from "@/api/types";

/** Proves to the exchange who holds the wallet (EIP-4361): free, and no transaction. */
export function useSignIn() {
  const config = useConfig();
  return useMutation({
    mutationFn: async (owner: string): Promise<Session> => {
      const { message } = await answer(api.POST("/api/v1/auth/nonce", { body: { address: owner } }));
      if (!message.startsWith(`${window.location.host} wants you to sign in`)) {
        throw new Error("The sign-in message names another site. Do not sign it; reload this page.");
      }
      const signature = await signMessage(config, { message });
      return answer(api.POST("/api/v1/auth/sign-in", { body: { message, signature } }));
    },
    onSuccess: setSession,
  });
}
