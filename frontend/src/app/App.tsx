import { useQuery } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useMemo } from "react";
import { WagmiProvider } from "wagmi";
import { answer, api } from "@/api/client";
import { StreamProvider } from "@/api/StreamProvider";
import { Toasts } from "@/components/toasts";
import { type Exchange, readExchange } from "@/markets/model";
import { ConnectProvider } from "@/wallet/ConnectProvider";
import { walletConfig } from "@/wallet/config";
import { ExchangeProvider } from "./exchange";
import { router } from "./router";
import { Splash } from "./Splash";

const RETRY_MS = 2_000;

/** Learns what exchange this is before anything else: chain, contracts and markets all follow from it. */
export function App() {
  const { data, isError } = useQuery({
    queryKey: ["exchange-info"],
    queryFn: async () => readExchange(await answer(api.GET("/api/v1/exchange-info"))),
    refetchInterval: (query) => (query.state.data?.markets.length ? false : RETRY_MS),
    staleTime: Number.POSITIVE_INFINITY,
    // A document that was read once stays the same object, so that screens do not start over.
    structuralSharing: false,
    retry: false,
  });
  if (!data || data.markets.length === 0) return <Splash failed={isError} />;
  return <Ready exchange={data} />;
}

function Ready({ exchange }: { exchange: Exchange }) {
  const config = useMemo(() => walletConfig(exchange), [exchange]);
  return (
    <ExchangeProvider value={exchange}>
      <WagmiProvider config={config}>
        <StreamProvider>
          <ConnectProvider>
            <RouterProvider router={router} />
            <Toasts />
          </ConnectProvider>
        </StreamProvider>
      </WagmiProvider>
    </ExchangeProvider>
  );
}
