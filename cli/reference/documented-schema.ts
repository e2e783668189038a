import { stringify } from 'yaml';
import { z } from 'zod';
import { configSchema } from '../config/schema.ts';

/** What JSON Schema says of a place in the configuration, as far as the reference goes by it. */
export interface DocumentedSchema {
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, DocumentedSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: DocumentedSchema | boolean;
  readonly items?: DocumentedSchema;
  readonly anyOf?: readonly DocumentedSchema[];
  readonly oneOf?: readonly DocumentedSchema[];
}

/** An example that the schema it stands at refuses, and why. */
export interface RefusedExample {
  readonly example: unknown;
  readonly why: string;
}

/** The schema of `weir.yaml`, with what each key means; and the examples in it that it refuses itself. */
export function documentedSchema(): {
  readonly schema: DocumentedSchema;
  readonly refused: readonly RefusedExample[];
} {
  const refused: RefusedExample[] = [];
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod;
      // Where a value is transformed, zod tells neither default nor examples; what stands here is what one writes.
      if (def.type === 'default' && jsonSchema.default === undefined) jsonSchema.default = def.defaultValue;
      const examples = z.globalRegistry.get(zodSchema)?.examples;
      if (!Array.isArray(examples)) return;
      jsonSchema.examples = examples;
      for (const example of examples as readonly unknown[]) {
        const { error } = z.safeParse(zodSchema, example);
        if (error !== undefined) refused.push({ example, why: z.prettifyError(error) });
      }
    },
  });
  return { schema: schema as DocumentedSchema, refused };
}

/** A key of the configuration, as a row of a table says it. */
export interface KeyRow {
  /** From the section on: `time.zone`; `series[].metric` in each of a list, `users.*` by a name of one's own. */
  readonly key: string;
  readonly type: string;
  /** A text in YAML; `required` where there has to be one, and empty where nothing is said. */
  readonly default: string;
  readonly meaning: string;
  /** In YAML, on one line. */
  readonly example: string;
}

/** All keys of a section, those in it after it, in the order of the schema. */
export function keyRows(section: DocumentedSchema, path = ''): readonly KeyRow[] {
  return Object.entries(section.properties ?? {}).flatMap(([name, schema]) => {
    const key = path + name;
    const isRequired = section.required?.includes(name) === true;
    return [rowOf(key, schema, isRequired), ...rowsWithin(schema, key)];
  });
}

function rowsWithin(schema: DocumentedSchema, key: string): readonly KeyRow[] {
  const { items, anyOf, oneOf } = schema;
  if (schema.properties !== undefined) return keyRows(schema, `${key}.`);
  if (items !== undefined) return rowsWithin(items, `${key}[]`);
  return (anyOf ?? oneOf ?? []).flatMap((one) => rowsWithin(one, key));
}

function rowOf(key: string, schema: DocumentedSchema, isRequired: boolean): KeyRow {
  return {
    key,
    type: typeText(schema),
    default: isRequired ? 'required' : defaultText(schema.default),
    meaning: schema.description ?? '',
    example: schema.examples?.[0] === undefined ? '' : code(schema.examples[0]),
  };
}

/** Where nothing is the default, there is nothing to say. */
function defaultText(value: unknown): string {
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return value === undefined || isEmpty ? '' : code(value);
}

/** A value as it is written in YAML, on one line. */
export function code(value: unknown): string {
  const text = stringify(value, { collectionStyle: 'flow', lineWidth: 0, singleQuote: true }).trim();
  return `\`${text.replaceAll('|', '\\|')}\``;
}

const UNBOUNDED = Number.MAX_SAFE_INTEGER;

/** What may be written, in words. */
export function typeText(schema: DocumentedSchema): string {
  const { title, type, items, additionalProperties } = schema;
  if (title !== undefined) return title;
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ');
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) return [...new Set(alternatives.map(typeText))].join(' or ');
  if (items !== undefined) return `list of ${typeText(items).replace(/^section$/, 'sections')}`;
  if (typeof additionalProperties === 'object') return `${typeText(additionalProperties)} by name`;
  if (type === 'integer') return `whole number${rangeText(schema)}`;
  if (type === 'object') return 'section';
  return type === 'boolean' ? 'true or false' : type === 'number' ? 'number' : 'text';
}

function rangeText({ minimum = -UNBOUNDED, maximum = UNBOUNDED }: DocumentedSchema): string {
  if (maximum !== UNBOUNDED) return `, ${minimum} to ${maximum}`;
  return minimum === -UNBOUNDED ? '' : ` from ${minimum}`;
}
