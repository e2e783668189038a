import { connectAsync } from 'mqtt';
import { describe, expect, it, vi } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { type RunningProcess, startNode } from '#tooling/processes/node-process.ts';
import type { AgentTotals } from '../../commit/agent-state.ts';
import { freePort } from './brokers.fixtures.ts';

const KILLS = 3;
const PUBLISHED = 600;
/** Published at a time, so that some are always under way when the agent is killed. */
const TOGETHER = 20;

describe('an agent that is killed while devices publish to it', () => {
  it('has every reading that it acknowledged, and each once', { timeout: 60_000 }, async () => {
    await using folder = await makeTemporaryDirectory('mqtt-killed');
    const port = await freePort();
    const start = async (): Promise<RunningProcess> => {
      const agent = startNode(new URL('mqtt-agent.child.ts', import.meta.url), [folder.dir, String(port)]);
      await vi.waitUntil(() => agent.stdout().includes('ready') || agent.stderr() !== '', { timeout: 20_000 });
      expect(agent.stderr()).toBe('');
      return agent;
    };
    let agent = await start();
    let kills = 0;
    const device = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 1 });
    device.on('error', () => undefined);
    const publish = async (i: number): Promise<void> => {
      const payload = JSON.stringify({ at: 1_700_000_000 + i, temperature: i });
      // What wasn't acknowledged before its connection ended is published again.
      while (
        !(await device.publishAsync('zigbee2mqtt/a', payload, { qos: 1 }).then(
          () => true,
          () => false,
        ))
      );
    };
    let restarting: Promise<void> | undefined;
    for (let i = 0; i < PUBLISHED; i += TOGETHER) {
      const publishing = Array.from({ length: TOGETHER }, (_, j) => publish(i + j));
      if (i >= ((kills + 1) * PUBLISHED) / (KILLS + 1)) {
        kills++;
        await agent.kill();
        restarting = start().then((next) => void (agent = next));
      }
      await Promise.all([...publishing, restarting]);
    }
    await device.endAsync();
    agent.process.kill('SIGTERM');
    await agent.ended;
    const totals = JSON.parse(agent.stdout().split('\n')[1]!) as AgentTotals;
    expect(kills).toBe(KILLS);
    expect(totals).toMatchObject({ counted: PUBLISHED, amended: 0, missing: 0, quarantined: 0 });
  });
});
