/** What ends a command: done (0), failed or differs (1), used wrongly (2). */
export type ExitCode = 0 | 1 | 2;
