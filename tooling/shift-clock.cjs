/**
 * Loaded into every process and thread of the tests (`node --require`): shifts its wall clock by WEIR_TEST_SHIFT_MS.
 * Timers and `performance.now()` go on as they are. Plain JavaScript, because an older Node may be told to load it, and
 * no module, because a thread that runs a text waits for none.
 */
const shiftMs = Number(process.env['WEIR_TEST_SHIFT_MS'] ?? 0);
const machineNow = Date.now;
const nowMs = () => machineNow() + shiftMs;

if (shiftMs !== 0) {
  const shifted = new Proxy(Date, {
    apply: (RealDate) => String(new RealDate(nowMs())),
    construct: (RealDate, given, made) => Reflect.construct(RealDate, given.length === 0 ? [nowMs()] : given, made),
  });
  Date.now = nowMs;
  Date.prototype.constructor = shifted;
  globalThis.Date = shifted;
  Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + shiftMs });
}
