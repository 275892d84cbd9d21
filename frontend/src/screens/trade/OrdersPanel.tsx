import { type ReactNode, Suspense, useState } from "react";
import { useFills, useOpenOrders, useOrderHistory } from "@/api/queries";
import type { Order } from "@/api/types";
import { useExchange } from "@/app/exchange";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { Table } from "@/components/Table";
import { Tabs } from "@/components/Tabs";
import { lazyPart } from "@/lib/lazyPart";
import { useAccount } from "@/wallet/account";
import { useOpenConnect } from "@/wallet/ConnectProvider";
import { CancelAll } from "./CancelAll";
import { fillColumns, historyColumns, openColumns } from "./orderColumns";
import { useCancel } from "./useCancel";

const ChangeDialog = lazyPart(() => import("./ChangeDialog"));

const OPEN_STATUSES = new Set<Order["status"]>(["NEW", "PARTIALLY_FILLED"]);

/** The signed-in wallet's orders and fills, in every market. `symbol` is the market on the screen. */
export function OrdersPanel({ symbol }: { symbol: string }) {
  const { data } = useOpenOrders();
  const orders = data?.orders ?? [];
  return (
    <Tabs
      label="Your orders"
      className="min-h-0 flex-1"
      aside={orders.length > 0 && <CancelAll {...{ orders, symbol }} />}
      tabs={[
        { id: "open", label: `Open orders (${orders.length})`, content: <OpenOrders orders={orders} /> },
        { id: "history", label: "Order history", content: <History /> },
        { id: "fills", label: "Fills", content: <Fills /> },
      ]}
    />
  );
}

/** The panel's content for whoever is signed in; for others, what they would see here and how to get there. */
function Private({ what, children }: { what: string; children: ReactNode }) {
  const { signedIn, stage } = useAccount();
  const openConnect = useOpenConnect();
  if (signedIn) return children;
  const label = stage === "disconnected" ? "Connect a wallet" : "Continue";
  return (
    <Empty
      action={
        <Button size="small" onClick={openConnect}>
          {label}
        </Button>
      }
    >
      Your {what} appear here once you are signed in.
    </Empty>
  );
}

function OpenOrders({ orders }: { orders: readonly Order[] }) {
  const { markets } = useExchange();
  const cancel = useCancel();
  const [changedId, setChangedId] = useState<number>();
  // What became of the order meanwhile counts: one that is gone takes its dialog with it.
  const changed = orders.find((order) => order.orderId === changedId);
  const market = markets.find(({ symbol }) => symbol === changed?.market);
  return (
    <Private what="open orders">
      {orders.length === 0 ? (
        <Empty>No open orders</Empty>
      ) : (
        <Table
          label="Open orders"
          columns={openColumns(markets, cancel, setChangedId)}
          rows={orders}
          rowKey={(order) => order.orderId}
        />
      )}
      <Suspense fallback={null}>
        {changed && market && (
          <ChangeDialog {...{ market, order: changed }} onOpenChange={(open) => !open && setChangedId(undefined)} />
        )}
      </Suspense>
    </Private>
  );
}

function History() {
  const { markets } = useExchange();
  const { data } = useOrderHistory();
  const orders = data?.orders.filter((order) => !OPEN_STATUSES.has(order.status)) ?? [];
  return (
    <Private what="past orders">
      {orders.length === 0 ? (
        <Empty>No past orders</Empty>
      ) : (
        <Table
          label="Order history"
          columns={historyColumns(markets)}
          rows={orders}
          rowKey={(order) => order.orderId}
        />
      )}
    </Private>
  );
}

function Fills() {
  const { markets } = useExchange();
  const { data } = useFills();
  const fills = data?.fills ?? [];
  return (
    <Private what="fills">
      {fills.length === 0 ? (
        <Empty>No fills yet</Empty>
      ) : (
        <Table
          label="Fills"
          columns={fillColumns(markets)}
          rows={fills}
          rowKey={(fill) => `${fill.fillId}-${fill.orderId}`}
        />
      )}
    </Private>
  );
}
