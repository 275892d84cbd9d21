import { createRootRoute, createRoute, createRouter, Navigate, Outlet } from "@tanstack/react-router";
import { Suspense } from "react";
import { Empty } from "@/components/Empty";
import { lazyPart } from "@/lib/lazyPart";
import { useExchange } from "./exchange";
import { Header } from "./Header";
import { NotFound } from "./NotFound";
import { StatusBanner } from "./StatusBanner";

const root = createRootRoute({
  component: () => (
    <div className="flex min-h-dvh flex-col">
      <a
        href="#screen"
        className="sr-only focus:not-sr-only focus:absolute focus:top-2 focus:left-2 focus:z-60 focus:rounded-lg focus:bg-brand-strong focus:px-3 focus:py-2 focus:text-on-colour"
      >
        Skip to the screen
      </a>
      <Header />
      <StatusBanner />
      <Outlet />
    </div>
  ),
  notFoundComponent: NotFound,
});

// A screen is loaded when it is first shown: the first visit loads the shell and one screen.
const TradeScreen = lazyPart(() => import("@/screens/trade/TradeScreen"));

function FirstMarket() {
  const [first] = useExchange().markets;
  return first ? <Navigate to="/trade/$symbol" params={{ symbol: first.symbol }} replace /> : <NotFound />;
}

const home = createRoute({ getParentRoute: () => root, path: "/", component: FirstMarket });

const trade = createRoute({
  getParentRoute: () => root,
  path: "/trade/$symbol",
  component: function Trade() {
    const { symbol } = trade.useParams();
    return (
      <Suspense fallback={<Empty>Opening the market</Empty>}>
        <TradeScreen key={symbol} symbol={symbol} />
      </Suspense>
    );
  },
});

export const router = createRouter({ routeTree: root.addChildren([home, trade]) });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
