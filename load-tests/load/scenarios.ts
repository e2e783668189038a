import { agents } from './agents.ts';
import { dashboards } from './dashboards.ts';
import { day } from './day.ts';
import { devices } from './devices.ts';
import { fresh } from './fresh.ts';
import { readers } from './readers.ts';
import type { Scenario } from './scenario.ts';

/** The loads there are. */
export const SCENARIOS: readonly Scenario[] = [dashboards, readers, devices, agents, fresh, day];
