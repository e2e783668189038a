import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Document, isCollection, isScalar, parseDocument, visit, type YAMLParseError } from 'yaml';
import { LOST_KEY, LOST_KEY_RULE } from '#core/series/named-record.ts';
import { viewFault } from '#core/views/view-config.ts';
import { reservedTag } from '#view-stores/influx/influx-section.ts';
import { UserError } from '../failure.ts';
import { type ConfigFault, describeIssue } from './describe-issue.ts';
import { configSchema, type WeirConfig } from './schema.ts';

/** A configuration file: small text. */
const CONFIG_BYTES_MAX = 4 * 1024 * 1024;

export interface LoadedConfig {
  readonly config: WeirConfig;
  /** Where relative paths start. */
  readonly folder: string;
  readonly file: string;
}

/** A configuration that can be used, or everything that keeps it from being used. */
export type ConfigVerdict =
  | { readonly kind: 'usable'; readonly loaded: LoadedConfig }
  | { readonly kind: 'faulty'; readonly faults: readonly ConfigFault[] };

/** Reads and checks a configuration. Throws a UserError that names every fault with its path and a remedy. */
export async function loadConfig(file: string): Promise<LoadedConfig> {
  const verdict = await judgeConfig(file);
  if (verdict.kind === 'usable') return verdict.loaded;
  throw new UserError(`${file} can't be used:\n${verdict.faults.map(formatFault).join('\n')}`, { exitCode: 2 });
}

/** A fault as a line. */
export function formatFault({ path, message }: ConfigFault): string {
  return `  ${path === '' ? '' : `${path}: `}${message}`;
}

/** Reads a configuration and judges it. Throws UserError where the file can't be read. */
export async function judgeConfig(file: string): Promise<ConfigVerdict> {
  const judged = judgeConfigText(await readConfigFile(file));
  if (judged.kind === 'faulty') return judged;
  return { kind: 'usable', loaded: { config: judged.config, folder: dirname(resolve(file)), file } };
}

/** What a configuration says, or all that is wrong with it. */
export function judgeConfigText(
  text: string,
): { readonly kind: 'usable'; readonly config: WeirConfig } | Extract<ConfigVerdict, { kind: 'faulty' }> {
  const read = readYaml(text);
  if (read.kind === 'faulty') return read;
  const { value } = read;
  const parsed = configSchema.safeParse(value);
  const faults = parsed.success
    ? referenceFaults(parsed.data)
    : parsed.error.issues.flatMap((issue) => describeIssue(issue, configSchema, value));
  if (!parsed.success || faults.length > 0) return { kind: 'faulty', faults };
  return { kind: 'usable', config: parsed.data };
}

/**
 * The plain value of a text. All that the library throws is about the text: only when it is made plain is it known what
 * an alias stands for (nothing, what can't be merged, or more than anybody writes, as aliases of aliases multiply).
 */
function readYaml(
  text: string,
): { readonly kind: 'value'; readonly value: unknown } | Extract<ConfigVerdict, { kind: 'faulty' }> {
  const faulty = (fault: ConfigFault) => ({ kind: 'faulty', faults: [fault] }) as const;
  try {
    // What is odd about a key is told as a fault of the key, not as a warning of the process.
    const document = parseDocument(text, { prettyErrors: true, merge: true, logLevel: 'error' });
    const [broken] = document.errors;
    if (broken !== undefined) return faulty(yamlFault(broken));
    const unusable = unusableKey(document);
    if (unusable !== undefined) return faulty(unusable);
    return { kind: 'value', value: (document.toJS() as unknown) ?? {} };
  } catch (error) {
    const what =
      error instanceof RangeError
        ? 'is nested too deeply; write less'
        : `can't be resolved: ${(error as Error).message}`;
    return faulty({ path: '', message: `this ${what}` });
  }
}

/** A text of UTF-8. Throws UserError with the line of the first byte that is none, rather than read another name than was written. */
export function readUtf8(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // Only here is it worth looking for the place: lines end with the same byte in all that UTF-8 is mistaken for.
    const lines = Buffer.from(bytes).toString('latin1').split('\n');
    const line = lines.findIndex((text) => !isUtf8(Buffer.from(text, 'latin1'))) + 1;
    throw new UserError(`${file} is not UTF-8 (line ${line}); save it as UTF-8, which your editor can do`, {
      exitCode: 2,
    });
  }
}

function unusableKey(document: Document.Parsed): ConfigFault | undefined {
  let fault: ConfigFault | undefined;
  visit(document, {
    Pair(_key, pair) {
      // Such a key would be written out as text, and with it all keys in it, at every level again.
      if (isCollection(pair.key)) {
        fault = { path: '', message: 'a section or a list is no key; write text' };
        return visit.BREAK;
      }
      if (!isScalar(pair.key) || pair.key.value !== LOST_KEY) return undefined;
      fault = { path: LOST_KEY, message: LOST_KEY_RULE };
      return visit.BREAK;
    },
  });
  return fault;
}

function yamlFault({ message, code, linePos }: YAMLParseError): ConfigFault {
  if (code === 'MULTIPLE_DOCS')
    return {
      path: '',
      message: `a configuration is one document; join what follows the --- in line ${linePos?.[0].line}`,
    };
  // One mistake makes the parser stumble several times; the first place is the one to look at.
  return { path: '', message: `this is not YAML: ${(message.split('\n')[0] ?? '').replace(/:$/, '')}` };
}

async function readConfigFile(file: string): Promise<string> {
  try {
    const bytes = await readFile(file);
    if (bytes.length > CONFIG_BYTES_MAX)
      throw new UserError(`${file} has ${bytes.length} bytes; a configuration has at most ${CONFIG_BYTES_MAX}`, {
        exitCode: 2,
      });
    return readUtf8(bytes, file);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new UserError(`there is no configuration ${file}; "weir init" writes a sample to start from`, {
        exitCode: 2,
      });
    if (code === 'EISDIR')
      throw new UserError(`${file} is a directory; name the configuration file in it`, { exitCode: 2 });
    throw new UserError(`${file} can't be read (${code ?? String(error)}); check its permissions`, { exitCode: 2 });
  }
}

/** What the schema can't see: names that have to exist elsewhere in the file. */
function referenceFaults(config: WeirConfig): ConfigFault[] {
  const faults: ConfigFault[] = [];
  for (const view of config.views) {
    const fault = viewFault(view, config.metrics);
    if (fault !== undefined) faults.push({ path: `views.${view.name}.${fault.key}`, message: fault.message });
    const tag = config.stores.influx === undefined ? undefined : reservedTag(view.by);
    if (tag !== undefined) {
      const message = `InfluxDB has no tag named ${tag}; give the tag another name, or leave stores.influx out`;
      faults.push({ path: `views.${view.name}.by`, message });
    }
  }
  for (const [name, source] of Object.entries(config.sources)) {
    for (const fault of source.faults([...config.metrics.keys()])) {
      const message = `${fault.subject} ${fault.value}; ${fault.remedy}`;
      faults.push({ path: ['sources', name, ...fault.path].join('.'), message });
    }
  }
  return faults;
}
