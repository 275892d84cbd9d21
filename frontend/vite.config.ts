import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds the exchange. */
const exchange = process.env.QUANTATRADE_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "/",
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: { target: "es2023", manifest: true, chunkSizeWarningLimit: 700 },
  server: {
    proxy: {
      "/api": { target: exchange },
      "/ws": { target: exchange, ws: true },
    },
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
