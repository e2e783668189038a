import { describe, expect, it } from 'vitest';
import { ServerClock } from './server-clock.ts';

const VIEWER_MS = Date.UTC(2026, 10, 21, 15, 30);

/** A viewer's clock that a test can set, the server's clock as seen from it, and how often that was put right. */
function observed() {
  const viewer = { nowMs: VIEWER_MS };
  const clock = new ServerClock(() => viewer.nowMs);
  const heard = { times: 0 };
  const unsubscribe = clock.subscribe(() => heard.times++);
  return { viewer, clock, heard, unsubscribe };
}

describe('the clock of the server', () => {
  it('is the viewer’s until an answer says otherwise', () => {
    const { viewer, clock, heard } = observed();
    clock.learn(null);
    clock.learn('soon');
    viewer.nowMs += 1_000;
    expect([clock.nowMs(), heard.times]).toStrictEqual([VIEWER_MS + 1_000, 0]);
  });

  it.each([
    ['a year ahead', 'Sun, 21 Nov 2027 15:30:00 GMT', Date.UTC(2027, 10, 21, 15, 30)],
    ['a month behind', 'Wed, 21 Oct 2026 15:30:00 GMT', Date.UTC(2026, 9, 21, 15, 30)],
    ['three seconds ahead', 'Sat, 21 Nov 2026 15:30:03 GMT', VIEWER_MS + 3_000],
  ])('is put right at once where it is %s, and goes on from there', (_how, header, serverMs) => {
    const { viewer, clock, heard } = observed();
    clock.learn(header);
    expect([clock.nowMs(), heard.times]).toStrictEqual([serverMs, 1]);
    viewer.nowMs += 60_000;
    expect(clock.nowMs()).toBe(serverMs + 60_000);
  });

  it('is taken to be the viewer’s where they differ by less than a header can tell', () => {
    const { viewer, clock, heard } = observed();
    viewer.nowMs += 1;
    clock.learn('Sat, 21 Nov 2026 15:30:03 GMT');
    expect([clock.nowMs(), heard.times]).toStrictEqual([VIEWER_MS + 1, 0]);
  });

  it('does not tremble with the parts of a second that a header leaves out', () => {
    const { viewer, clock, heard } = observed();
    clock.learn('Sun, 21 Nov 2027 15:30:00 GMT');
    viewer.nowMs += 10_900;
    clock.learn('Sun, 21 Nov 2027 15:30:10 GMT');
    expect([clock.nowMs(), heard.times]).toStrictEqual([Date.UTC(2027, 10, 21, 15, 30, 10, 900), 1]);
  });

  it('is the viewer’s again once that has been put right', () => {
    const { viewer, clock, heard } = observed();
    clock.learn('Sun, 21 Nov 2027 15:30:00 GMT');
    viewer.nowMs = Date.UTC(2027, 10, 21, 15, 30, 1);
    clock.learn('Sun, 21 Nov 2027 15:30:01 GMT');
    expect([clock.nowMs(), heard.times]).toStrictEqual([viewer.nowMs, 2]);
  });

  it('tells nothing more to those who unsubscribed', () => {
    const { clock, heard, unsubscribe } = observed();
    unsubscribe();
    clock.learn('Sun, 21 Nov 2027 15:30:00 GMT');
    expect(heard.times).toBe(0);
  });
});
