/** What may be logged, the most first. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How much a command logs. */
export interface LogFlag {
  readonly logLevel: LogLevel;
}
