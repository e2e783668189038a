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
