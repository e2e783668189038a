/** How one real server or tool is found or made. */
export interface ServerRecipe {
  readonly name: string;
  /** The version that is installed when none is found. */
  readonly version: string;
  /** Names under which it may stand on the PATH. */
  readonly commands: readonly string[];
  /** Its place inside its folder of the cache. */
  readonly binary: string;
  /** What is not tested without it: the rest of a sentence that begins with *without it*. */
  readonly leavesUntested: string;
  /** True of a tool that no registry has, so that a new machine may lack it: a run may go on without it, also with `CI=true`. */
  readonly isOptional?: boolean;
  /** How a person gets it, as a sentence. */
  readonly remedy: string;
  /** The version that a `--version` printed, or undefined where that text is not this tool's. */
  readonly versionIn: (output: string) => string | undefined;
  /** Whether a version found on the PATH will do. */
  readonly accepts: (version: string) => boolean;
  /** Puts it into the empty folder `draft`, from which it is later moved. Throws InstallFailed. */
  readonly install: (draft: string) => Promise<void>;
}

/** A tool could not be built or fetched; `message` ends with what the compiler or package manager said last. */
export class InstallFailed extends Error {
  readonly kind = 'install-failed';

  constructor(tool: string, reason: string) {
    super(`${tool} could not be installed: ${reason}`);
    this.name = 'InstallFailed';
  }
}

/** The last lines of a command's output: where compilers and package managers say what went wrong. */
export function lastLines(output: string, count = 8): string {
  return output.trim().split('\n').slice(-count).join('\n');
}
