import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

// Everything is served by the local workspace under a policy that allows nothing inline and nothing from elsewhere:
// no data: URLs, no preload script, one stylesheet and one script.
export default defineConfig({
  build: {
    target: "es2023",
    cssTarget: "chrome123",
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
  },
  resolve: {
    alias: {
      // For browsers it has the page decode `&amp;` by way of innerHTML, which the policy refuses; this one has a table.
      "decode-named-character-reference": fileURLToPath(
        new URL("node_modules/decode-named-character-reference/index.js", import.meta.url),
      ),
    },
  },
});
