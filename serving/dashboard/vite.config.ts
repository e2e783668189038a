import { defineConfig } from 'vite';

/** The server that the page asks while it is worked on. */
const SERVER = 'http://127.0.0.1:8080';

/** Everything that the page loads is a file of its own origin: no inline script or style, no data URLs (CSP). */
export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2023',
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 150,
  },
  // For work on the dashboard: `npx vite serving/dashboard` beside a running `weir up`.
  // The server takes requests by its own name only, from its own pages.
  server: {
    proxy: { '/api': { target: SERVER, ws: true, changeOrigin: true, headers: { origin: SERVER } } },
  },
});
