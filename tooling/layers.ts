const PARTS = [
  'core',
  'backbone',
  'edge-agent',
  'broker',
  'speed-layer',
  'batch-layer',
  'serving',
  'view-stores',
  'simulators',
] as const;

/**
 * The folders of the architecture and what each may import, beside itself: imports point down, the parts meet on the
 * wire, and only `cli` composes them; `load-tests` measures them alone and together. The linter and the tidy test both read this table.
 */
export const LAYERS = {
  core: [],
  backbone: ['core'],
  'edge-agent': ['core', 'backbone'],
  broker: ['core', 'backbone'],
  'speed-layer': ['core', 'backbone'],
  'batch-layer': ['core', 'backbone'],
  serving: ['core', 'backbone'],
  'view-stores': ['core', 'backbone'],
  simulators: ['core', 'backbone'],
  'load-tests': [...PARTS, 'tooling'],
  cli: [...PARTS, 'load-tests'],
  // The whole system as cli composes it, on simulated machines: above all others, and nothing that ships is in it.
  world: [...PARTS, 'cli'],
  tooling: [],
} as const satisfies Record<string, readonly string[]>;

/** The name of a top folder that holds source. */
export type Layer = keyof typeof LAYERS;

/** All layers, lowest first. */
export const LAYER_NAMES = Object.keys(LAYERS) as Layer[];

/** What stands before the extension of files that test or measure. */
const PROOF_KINDS = ['test', 'cases', 'fixtures', 'oracle', 'child', 'bench'];

/** Files that test or measure, which may also use `tooling`, as patterns. */
export const PROOF_FILES = PROOF_KINDS.flatMap((kind) => [`**/*.${kind}.ts`, `**/*.${kind}.tsx`]);

/** Whether the file at a path is one of them. */
export function isProofFile(path: string): boolean {
  return PROOF_KINDS.some((kind) => path.endsWith(`.${kind}.ts`) || path.endsWith(`.${kind}.tsx`));
}

/** The layers that `layer` must not import, from a file that proves something or from one that ships. */
export function forbiddenImports(layer: Layer, proves: boolean): readonly Layer[] {
  const allowed: readonly string[] = [layer, ...LAYERS[layer], ...(proves ? ['tooling'] : [])];
  return LAYER_NAMES.filter((name) => !allowed.includes(name));
}
