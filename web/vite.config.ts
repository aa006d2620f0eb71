import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds the product's server. */
const backend = process.env.RAPPORT_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { host: "127.0.0.1", port: 5173, proxy: { "/api": { target: backend, changeOrigin: false } } },
  build: {
    target: "es2022",
    sourcemap: false,
    // Assets stay files: the content security policy forbids data: fonts and scripts.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
    // emptyOutDir would delete dist/.gitkeep, so scripts/clean.mjs does it.
    emptyOutDir: false,
    // The size check reads which chunks the first screen loads.
    manifest: "assets/manifest.json",
    rollupOptions: {
      output: {
        manualChunks(id: string) {
          // What nearly every screen has in common is one file; else it would be dozens, each with a request of its own.
          if (/\/src\/(api|lib|ui)\/|\/src\/(filter\/(dates|model|urlText)|lead\/(Grade|ScoreRing|leadScore|tone)|record\/(recordQuery|lookupSearch)|workspace\/(usePreferences|AppSwitcher)|app\/client)\./.test(id)) return "base";
          if (!id.includes("node_modules")) return undefined;
          if (/node_modules\/(react|react-dom|scheduler)\//.test(id)) return "react";
          if (/node_modules\/(@mantine|@floating-ui|react-remove-scroll|clsx)/.test(id)) return "mantine";
          if (/node_modules\/@tanstack\/(react-table|table-core|react-virtual|virtual-core)\//.test(id)) return "grid";
          if (/node_modules\/(@tanstack|i18next|react-i18next)/.test(id)) return "data";
          return undefined;
        },
      },
    },
  },
});
