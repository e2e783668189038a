/** Ends with 0 where the server of this container is alive, else with 1. With TLS: WEIR_HEALTH_URL=https://…, and NODE_EXTRA_CA_CERTS. */
const ANSWER_MS_MAX = 4_000;

try {
  const url = process.env['WEIR_HEALTH_URL'] ?? 'http://127.0.0.1:8080/health/live';
  const { status } = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
  if (status !== 200) throw new Error(`${url} is answered ${status}`);
} catch (failure) {
  process.stderr.write(`${String(failure)}\n`);
  process.exitCode = 1;
}
