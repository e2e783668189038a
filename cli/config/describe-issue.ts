import { z } from 'zod';
import { nearestNames } from '#core/time/nearest-name.ts';

/** Something wrong in a configuration, and where. */
export interface ConfigFault {
  readonly path: string;
  readonly message: string;
}

/** How kinds of values are called in a configuration. */
const KIND_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a section with keys',
  record: 'a section with keys',
  array: 'a list',
};

/** An issue that zod found, in words that end with a remedy; an unknown key names the nearest known one of `schema`. */
export function describeIssue(issue: z.core.$ZodIssue, schema: z.ZodType, value: unknown): readonly ConfigFault[] {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path,
      message: `unknown key ${key}; ${keyRemedy(key, knownKeysAt(schema, issue.path, value))}`,
    }));
  }
  if (issue.code === 'invalid_union') {
    const within = nearestAlternative(issue)?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
    if (within !== undefined) return within.flatMap((inner) => describeIssue(inner, schema, value));
  }
  return [{ path, message: messageOf(issue, valueAt(value, issue.path)) }];
}

function keyRemedy(key: string, known: readonly string[]): string {
  const nearest = nearestNames(key, known);
  if (nearest.length > 0) return `did you mean ${nearest.join(' or ')}?`;
  return known.length > 0 ? `known here: ${known.join(', ')}` : 'remove it';
}

function messageOf(issue: z.core.$ZodIssue, given: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return given === undefined
        ? `is missing; add it (the sample of "weir init" shows how)`
        : `is ${shown(given)}; write ${wantedBy(issue).join('')}`;
    case 'invalid_value':
      return choice(given, issue.values.map(String));
    case 'too_big':
      return `is ${shown(given)}; write ${issue.origin === 'array' || issue.origin === 'string' ? 'no more than' : 'at most'} ${issue.maximum}`;
    case 'too_small':
      return issue.origin === 'array'
        ? `is empty; name at least ${issue.minimum}`
        : `is ${shown(given)}; write at least ${issue.minimum}`;
    case 'invalid_union':
      return unionMessage(issue, given);
    case 'invalid_key':
      return issue.issues.map((inner) => inner.message).join(', or ');
    default:
      return issue.message;
  }
}

/** What is wrong within a value of which as much is right as one of several kinds asks for; undefined where it is of none of them. */
function nearestAlternative({ errors }: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | undefined {
  const within = errors.filter((issues) =>
    issues.every(({ code, path }) => path.length > 0 || code === 'unrecognized_keys'),
  );
  return within.toSorted((a, b) => a.length - b.length)[0];
}

/** A union that a key tells apart names its kinds; of any other each alternative tells what it wants. */
function unionMessage(issue: z.core.$ZodIssueInvalidUnion, given: unknown): string {
  if ('options' in issue && Array.isArray(issue.options)) return choice(given, issue.options.map(String));
  const wants = oneOf([...new Set(issue.errors.flat().flatMap((inner) => wantedBy(inner)))]);
  return given === undefined ? `is missing; write ${wants}` : `is ${shown(given)}; write ${wants}`;
}

/** How zod begins what it says by itself; a schema that says more of what it wants is heard. */
const LIBRARY_WORDS = 'Invalid input';

/** What would fit, as told after `write`. */
function wantedBy(issue: z.core.$ZodIssue): readonly string[] {
  switch (issue.code) {
    case 'invalid_type':
      return [issue.message.startsWith(LIBRARY_WORDS) ? kindName(issue.expected) : issue.message];
    case 'invalid_value':
      return issue.values.map(String);
    case 'invalid_union':
      return issue.errors.flat().flatMap((inner) => wantedBy(inner));
    case 'unrecognized_keys':
      return [];
    case 'too_big':
      return [`at most ${issue.maximum}`];
    case 'too_small':
      return [`at least ${issue.minimum}`];
    default:
      return [issue.message];
  }
}

function choice(given: unknown, known: readonly string[]): string {
  const list = `write ${oneOf(known)}`;
  if (given === undefined) return `is missing; ${list}`;
  const nearest = typeof given === 'string' ? nearestNames(given, known) : [];
  return `is ${shown(given)}; ${nearest.length > 0 ? `did you mean ${nearest.join(' or ')}?` : list}`;
}

function oneOf(all: readonly string[]): string {
  return all.length > 1 ? `${all.slice(0, -1).join(', ')} or ${all.at(-1)}` : all.join('');
}

function kindName(kind: string): string {
  return KIND_NAMES[kind] ?? kind;
}

const SHOWN_CHARS_MAX = 60;

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isRecord(value)) return 'a section with keys';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value;
  for (const step of path)
    found = Array.isArray(found)
      ? (found as unknown[])[Number(step)]
      : isRecord(found)
        ? found[String(step)]
        : undefined;
  return found;
}

/** Keys that the schema knows at a path, for naming the nearest; empty where the schema leaves names free. */
function knownKeysAt(known: z.ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  let schema: unknown = z.toJSONSchema(known, { io: 'input', unrepresentable: 'any' });
  for (const [i, step] of path.entries()) schema = stepInto(schema, String(step), valueAt(value, path.slice(0, i)));
  return [...new Set(alternativesFor(schema, valueAt(value, path)).flatMap((one) => Object.keys(propertiesOf(one))))];
}

function stepInto(schema: unknown, step: string, given: unknown): unknown {
  for (const one of alternativesFor(schema, given)) {
    const properties = propertiesOf(one);
    if (step in properties) return properties[step];
    if (isRecord(one) && isRecord(one['additionalProperties'])) return one['additionalProperties'];
    if (isRecord(one) && isRecord(one['items'])) return one['items'];
  }
  return undefined;
}

/** The alternatives that a value is of by the keys that tell them apart; all where it is of none. */
function alternativesFor(schema: unknown, given: unknown): unknown[] {
  const all = alternativesOf(schema);
  const fitting = all.filter((one) =>
    Object.entries(propertiesOf(one)).every(
      ([key, property]) =>
        !isRecord(property) || !('const' in property) || !isRecord(given) || given[key] === property['const'],
    ),
  );
  return fitting.length > 0 ? fitting : all;
}

function alternativesOf(schema: unknown): unknown[] {
  if (!isRecord(schema)) return [];
  const alternatives = schema['anyOf'] ?? schema['oneOf'];
  return Array.isArray(alternatives) ? alternatives : [schema];
}

function propertiesOf(schema: unknown): Record<string, unknown> {
  return isRecord(schema) && isRecord(schema['properties']) ? schema['properties'] : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
