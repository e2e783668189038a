import { checkDistinct, checkMetrics, seriesMade } from '../rows/row-references.ts';
import type { SourceKindDefinition } from '../source-kind.ts';
import { describePoll, type PollSection, pollSchema } from './poll-section.ts';
import { PollSource } from './poll-source.ts';

/** Services that are asked by HTTP, in JSON or CSV. */
export const POLL: SourceKindDefinition<PollSection> = {
  schema: pollSchema,
  supports: () => ({ nature: 'live', resumes: true, answers: true }),
  describe: describePoll,
  faults: (section, metricNames) => [...checkMetrics(section, metricNames), ...checkDistinct(section)],
  makes: seriesMade,
  open: (name, section, options) => new PollSource({ ...options, name, section }),
};
