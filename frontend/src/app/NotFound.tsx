import { Link } from "@tanstack/react-router";

export function NotFound() {
  return (
    <main id="screen" className="grid flex-1 place-items-center p-6 text-center">
      <div>
        <h1 className="text-base font-semibold">There is no such page</h1>
        <Link to="/" className="mt-2 inline-block text-brand underline">
          Go to the markets
        </Link>
      </div>
    </main>
  );
}
