import { Spinner } from "@/components/Spinner";

/** What stands on the page before the exchange has answered. */
export function Splash({ failed }: { failed: boolean }) {
  return (
    <main className="grid min-h-dvh place-items-center p-6 text-center">
      <div className="grid justify-items-center gap-4">
        <img src="/icon.svg" alt="" width="48" height="48" />
        {failed ? (
          <div role="alert">
            <h1 className="text-base font-semibold">The exchange does not answer</h1>
            <p className="mt-1 text-muted">This page tries again by itself. Funds and orders are not affected.</p>
          </div>
        ) : (
          <h1 className="text-muted">Opening the exchange</h1>
        )}
        <Spinner />
      </div>
    </main>
  );
}
