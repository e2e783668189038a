import { declareSource } from '#edge-agent/sources/source-kind.ts';
import { describeSource } from '#edge-agent/sources/source.cases.ts';
import { metricsOfScenario } from '#simulators/simulators.ts';
import { asDeclared } from './demo.ts';
import { SIMULATE } from './simulate-kind.ts';

const declared = declareSource(SIMULATE, { kind: 'simulate', scenario: 'denmark-in-trouble', seed: 1 });
const metrics = new Map(metricsOfScenario('denmark').map((metric) => [metric.name, asDeclared(metric)]));

describeSource('a simulated fleet', () => ({
  supports: declared.supports,
  open: (registry) =>
    declared.open('fleet', { metrics, registry, folder: '.', stdin: () => process.stdin, nowMs: Date.now }),
}));
